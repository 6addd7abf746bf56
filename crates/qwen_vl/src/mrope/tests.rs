use super::{MropeError, Positions, RotaryTable};
use crate::config::Config;
use crate::grid::Grid;
use crate::oracle::{self, Case};
use safetensors::SafeTensors;
use serde_json::json;

const START: u32 = 151_652;
const END: u32 = 151_653;
const IMAGE: u32 = 151_655;

/// Published special ids and sections.
fn config() -> Config {
    let file = json!({
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "vision_start_token_id": START,
        "vision_end_token_id": END, "image_token_id": IMAGE, "video_token_id": 151_656, "hidden_size": 256,
        "num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": 1, "intermediate_size": 8,
        "vocab_size": 151_936, "rms_norm_eps": 1e-6, "max_position_embeddings": 128_000,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "vision_config": {"depth": 1, "hidden_size": 32, "num_heads": 1, "intermediate_size": 8,
            "out_hidden_size": 256, "fullatt_block_indexes": []}
    });
    Config::parse(&file).expect("a valid file")
}

fn grid(rows_token: usize, cols_token: usize) -> Grid {
    Grid::new(2 * rows_token, 2 * cols_token, 2).expect("an even grid")
}

#[test]
fn text_goes_on_after_the_longer_side() {
    let ids = [7, START, IMAGE, IMAGE, IMAGE, IMAGE, IMAGE, IMAGE, END, 8];
    let positions = Positions::of_prompt(&ids, &[grid(2, 3)], &config()).expect("a fitting prompt");
    assert_eq!(positions.axes[0], [0, 1, 2, 2, 2, 2, 2, 2, 5, 6]);
    assert_eq!(positions.axes[1], [0, 1, 2, 2, 2, 3, 3, 3, 5, 6]);
    assert_eq!(positions.axes[2], [0, 1, 2, 3, 4, 2, 3, 4, 5, 6]);
    assert_eq!(positions.rope_delta, 7 - 10);
    assert_eq!(
        (positions.of_generated(0), positions.of_generated(3)),
        (7, 10)
    );
}

#[test]
fn image_tokens_must_fit_the_grids() {
    let of = |ids: &[u32], grids: &[Grid]| Positions::of_prompt(ids, grids, &config());
    let error = |image, expected, got| {
        Err(MropeError::ImageTokens {
            image,
            expected,
            got,
        })
    };
    assert_eq!(of(&[IMAGE, 1], &[grid(1, 2)]), error(0, 2, 1));
    assert_eq!(of(&[IMAGE, IMAGE, IMAGE], &[grid(1, 2)]), error(1, 0, 1));
    assert_eq!(of(&[1, 2], &[grid(1, 2)]), error(0, 2, 0));
    assert_eq!(of(&[151_656], &[]), Err(MropeError::Video));
    let adjacent = of(&[IMAGE, IMAGE, IMAGE], &[grid(1, 2), grid(1, 1)]).expect("two images");
    assert_eq!(adjacent.axes, [[0, 0, 2], [0, 0, 2], [0, 1, 2]]);
    assert_eq!(of(&[], &[]).expect("nothing").n_token(), 0);
}

#[test]
fn sections_are_contiguous() {
    let table = RotaryTable::of_text([[1, 2, 3]].into_iter(), &config());
    assert_eq!((table.n_angle, table.cos.len()), (64, 64));
    // Angle j turns by position · 10^(−6j/64): j = 16 is the first height angle, j = 40 the first width angle.
    for (j, position) in [
        (0, 1.0),
        (15, 1.0),
        (16, 2.0),
        (39, 2.0),
        (40, 3.0),
        (63, 3.0),
    ] {
        let angle: f64 = position * 10f64.powf(-6.0 * f64::from(j) / 64.0);
        assert!(
            (f64::from(table.cos[j as usize]) - angle.cos()).abs() < 1e-6,
            "angle {j}"
        );
        assert!(
            (f64::from(table.sin[j as usize]) - angle.sin()).abs() < 1e-6,
            "angle {j}"
        );
    }
}

#[test]
fn oracle_tables_are_met() {
    let Some(file) = oracle::bytes("oracle/tables/grids.safetensors") else {
        return;
    };
    let tables = SafeTensors::deserialize(&file).expect("the oracle's tensors parse");
    for set in 0..8 {
        let table = |name: &str| oracle::ints(&tables, &format!("{set}.{name}"));
        let grids: Vec<Grid> = table("grid_thw")
            .chunks(3)
            .map(|t| grid(t[1] as usize / 2, t[2] as usize / 2))
            .collect();
        let positions =
            Positions::of_prompt(&table("input_ids"), &grids, &config()).expect("a fitting prompt");
        assert_eq!(positions.axes.concat(), table("position_ids"), "set {set}");
        assert_eq!(
            positions.rope_delta as u32,
            table("rope_delta")[0],
            "set {set}"
        );
    }
}

#[test]
fn oracle_cases_are_met() {
    for case in Case::all() {
        let config = Config::parse(&case.json("config.json")).expect("an oracle checkpoint");
        let tensors = case.tensors();
        let input_ids = oracle::ints(&tensors, "input_ids");
        let positions =
            Positions::of_prompt(&input_ids, &case.grids(), &config).expect("a fitting prompt");
        assert_eq!(
            positions.axes.concat(),
            oracle::ints(&tensors, "position_ids"),
            "{}",
            case.name
        );
        assert_eq!(
            positions.rope_delta, case.facts["rope_delta"],
            "{}",
            case.name
        );
        let decoded = oracle::ints(&tensors, "decode_position_ids");
        let generated = (0..decoded.len()).map(|step| positions.of_generated(step));
        assert_eq!(generated.collect::<Vec<_>>(), decoded, "{}", case.name);
        if ![
            "a02_wide",
            "a07_text_only",
            "b05_odd_size",
            "c03_three_images",
        ]
        .contains(&case.name.as_str())
        {
            continue;
        }
        let Some(file) = oracle::bytes(&format!("oracle/cases/{}.trace.safetensors", case.name))
        else {
            continue;
        };
        let trace = SafeTensors::deserialize(&file).expect("the oracle's tensors parse");
        let table = positions.rotary_table(&config);
        for (name, ours) in [("text.rope_cos", &table.cos), ("text.rope_sin", &table.sin)] {
            let doubled: Vec<f32> = ours
                .chunks(table.n_angle)
                .flat_map(|row| [row, row].concat())
                .collect();
            let difference = oracle::max_difference(&doubled, &oracle::floats(&trace, name));
            assert!(difference < 1e-5, "{} {name}: {difference}", case.name);
        }
    }
}
