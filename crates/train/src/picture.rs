//! One scene as files: a picture, and what is true of it.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use image::{ExtendedColorType, save_buffer};
use scene::{Dice, Family, Form, Reference, SIDE_PX, Sample, Style};
use serde_json::json;

/// Writes `scene-S.png` and `scene-S.json`: objects, boxes, question, answer and the reference trace of each form.
pub fn write(dir: &Path, seed: u64, family: Option<Family>) -> Result<()> {
    let Sample { scene, question } = Sample::from_seed(seed, 1..=9, family);
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let path = dir.join(format!("scene-{seed}.png"));
    let side_px = SIDE_PX as u32;
    save_buffer(
        &path,
        &scene::render(&scene),
        side_px,
        side_px,
        ExtendedColorType::Rgb8,
    )
    .with_context(|| format!("cannot write {}", path.display()))?;
    let traces = Form::ALL.map(|form| {
        let style = Style {
            form,
            random_error: 0.0,
            is_blind: false,
        };
        Reference::new(&mut Dice::from_seed(seed), &scene, &question, style)
    });
    let boxes: Vec<_> = scene
        .objects
        .iter()
        .map(|object| json!({ "cell": object.cell().to_string(), "bounds_px": object.bounds_px() }))
        .collect();
    let named: serde_json::Map<_, _> = Form::ALL
        .iter()
        .zip(&traces)
        .map(|(form, trace)| Ok((crate::lesson::method_name(*form).to_owned(), json!(trace))))
        .collect::<Result<_>>()?;
    let truth = json!({
        "seed": seed,
        "side_px": SIDE_PX,
        "family": question.family.name(),
        "question": question.text,
        "answer": question.answer,
        "objects": scene.objects,
        "boxes": boxes,
        "traces": named,
    });
    let path = dir.join(format!("scene-{seed}.json"));
    fs::write(&path, serde_json::to_string_pretty(&truth)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}\n{} {}", path.display(), question.text, question.answer);
    Ok(())
}
