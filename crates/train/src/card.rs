//! The model card: what was measured, against the goals, and how the checkpoint came about.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::evaluate::{Report, Score};

/// Another storage of the same checkpoint, measured on the same scenes.
pub struct Twin {
    /// Folder name.
    pub name: String,
    /// Its measures.
    pub report: Report,
}

/// Bytes of all files of a folder.
fn folder_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// The card of the model in `dir` as Markdown.
pub fn text(
    dir: &Path,
    name: &str,
    report: &Report,
    twins: &[Twin],
    history: &[Value],
) -> Result<String> {
    let mut card = format!(
        "# {name}\n\nA small Qwen2.5-VL that reasons about pictures of coloured shapes and digits (224 × 224 px, up to nine objects) in the Look-Back form `{}`. Made by `crates/train` of this repository from rendered scenes alone; it knows nothing else. {:.2} MB on disk.\n\n",
        crate::lesson::method_name(report.form),
        folder_bytes(dir)? as f64 / 1e6,
    );
    card += "It is trained so that the first look is a glance: small objects near the border are overlooked or mistaken, and one first look in ten is wrong by chance. The look back then names what is there. In a tenth of the look-backs of the training the image was hidden, and the answer stayed what it was; that is why the blind row below is what it is: a look that sees nothing changes nothing. A loss on the attention itself (towards the object that is being named, away from the image outside `<back>`) shapes the two attention rows.\n\n";
    card += &goals(&report.all, report, twins);
    card += &families(report);
    card += &recipe(history)?;
    let _ = writeln!(
        card,
        "Measured by `cargo run --release -p train -- evaluate --model {name_of} --scenes {} --seed {}`: {} unseen scenes of each family, greedy.",
        report.n_scene,
        report.seed,
        report.n_scene,
        name_of = dir
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    );
    Ok(card)
}

fn goals(all: &Score, report: &Report, twins: &[Twin]) -> String {
    let worst = report
        .families
        .iter()
        .min_by(|a, b| a.1.right_percent().total_cmp(&b.1.right_percent()));
    let first_right = all.first_right();
    let mut table = "| what | goal | measured |\n|---|---|---|\n".to_owned();
    let mut row = |what: &str, goal: &str, measured: String| {
        let _ = writeln!(table, "| {what} | {goal} | {measured} |");
    };
    if let Some((name, score)) = worst {
        let share = score.right_percent();
        row(
            "answer right, worst family",
            "≥ 95 %",
            format!("{share:.1} % ({name})"),
        );
    }
    row(
        "answer right, all",
        "",
        format!("{:.1} %", all.right_percent()),
    );
    row(
        "form complete",
        "≥ 99 %",
        format!("{:.2} %", all.complete_percent()),
    );
    row(
        "first look wrong, boxed answer right",
        "≥ 70 %",
        format!(
            "{:.1} % of {} (first look wrong in {:.1} %)",
            all.corrected_percent(),
            all.first_wrong,
            all.first_wrong_percent()
        ),
    );
    row(
        "first look right, boxed answer wrong",
        "< 1 %",
        format!("{:.2} % of {first_right}", all.broken_percent()),
    );
    row(
        "image share inside `<back>` against the 20 tokens before",
        "≥ 2×",
        format!("{:.2}×", all.gain()),
    );
    row(
        "attention on the box of the object being named against the mean image token",
        "≥ 3×",
        format!("{:.2}×", all.box_gain()),
    );
    row(
        "image hidden inside `<back>`: right where the first look was wrong",
        "< 20 %",
        format!("{:.1} %", all.blind_percent()),
    );
    for twin in twins {
        row(
            &format!("answer right, stored as {}", twin.name),
            "within 1 point",
            format!("{:.1} %", twin.report.all.right_percent()),
        );
    }
    table + "\n"
}

fn families(report: &Report) -> String {
    let mut table = "| family | right | form | first look wrong | corrected | broken | image share | box | blind |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for (name, score) in &report.families {
        let _ = writeln!(
            table,
            "| {name} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {:.2} % | {:.2}× | {:.2}× | {:.1} % |",
            score.right_percent(),
            score.complete_percent(),
            score.first_wrong_percent(),
            score.corrected_percent(),
            score.broken_percent(),
            score.gain(),
            score.box_gain(),
            score.blind_percent(),
        );
    }
    table + "\n"
}

fn recipe(history: &[Value]) -> Result<String> {
    let mut list = "## Recipe\n\n".to_owned();
    for stage in history {
        let _ = writeln!(
            list,
            "- {} ({} steps, {} minutes on {} CPU threads): `{}`",
            stage["stage"].as_str().unwrap_or("stage"),
            stage["steps"],
            stage["minutes"],
            stage["threads"],
            serde_json::to_string(&stage["settings"])?,
        );
    }
    Ok(list + "\n")
}
