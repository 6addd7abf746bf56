use super::{Grid, WindowOrder, vision_rotary_table};
use crate::config::{Config, VisionConfig};
use crate::oracle::{self, Case};
use safetensors::SafeTensors;

fn vision_config() -> VisionConfig {
    VisionConfig {
        depth: 1,
        hidden_size: 32,
        num_heads: 1,
        intermediate_size: 8,
        patch_size: 14,
        temporal_patch_size: 2,
        spatial_merge_size: 2,
        window_size: 112,
        fullatt_block_indexes: vec![],
        out_hidden_size: 8,
        in_chans: 3,
    }
}

#[test]
fn patches_go_token_by_token() {
    let grid = Grid::new(2, 4, 2).expect("an even grid");
    let positions: Vec<[usize; 2]> = grid.patch_positions().collect();
    assert_eq!(
        positions,
        [
            [0, 0],
            [0, 1],
            [1, 0],
            [1, 1],
            [0, 2],
            [0, 3],
            [1, 2],
            [1, 3]
        ]
    );
    assert_eq!(
        (
            grid.rows_token(),
            grid.cols_token(),
            grid.n_patch(),
            grid.n_image_token()
        ),
        (1, 2, 8, 2)
    );
    for [rows, cols, merge] in [[0, 2, 2], [2, 3, 2], [2, 2, 0]] {
        assert!(Grid::new(rows, cols, merge).is_err());
    }
}

#[test]
fn windows_are_ragged_at_the_edges() {
    // 2 x 5 tokens: a window of 2 x 4 and one of 2 x 1.
    let order = WindowOrder::new(
        &[Grid::new(4, 10, 2).expect("an even grid")],
        &vision_config(),
    );
    assert_eq!(order.window_index, [0, 1, 2, 3, 5, 6, 7, 8, 4, 9]);
    assert_eq!(order.cu_window_seqlens, [0, 32, 40]);
    assert_eq!(order.cu_seqlens, [0, 40]);
    let rows: Vec<usize> = (0..40).collect();
    let reordered = order.reorder_rows(&rows, 1);
    assert_eq!(reordered[16..24], [20, 21, 22, 23, 24, 25, 26, 27]);
    assert!(
        order
            .restore_index
            .iter()
            .enumerate()
            .all(|(j, i)| order.window_index[*i as usize] as usize == j)
    );
}

#[test]
fn oracle_tables_are_met() {
    let Some(file) = oracle::bytes("oracle/tables/grids.safetensors") else {
        return;
    };
    let tables = SafeTensors::deserialize(&file).expect("the oracle's tensors parse");
    for set in 0..8 {
        let table = |name: &str| oracle::ints(&tables, &format!("{set}.{name}"));
        let thw = table("grid_thw");
        let grids: Vec<Grid> = thw
            .chunks(3)
            .map(|t| Grid::new(t[1] as usize, t[2] as usize, 2).expect("an even grid"))
            .collect();
        let order = WindowOrder::new(&grids, &vision_config());
        assert_eq!(order.window_index, table("window_index"), "set {set}");
        assert_eq!(
            order.cu_window_seqlens,
            table("cu_window_seqlens"),
            "set {set}"
        );
        assert_eq!(order.cu_seqlens, table("cu_seqlens"), "set {set}");
        let positions = grids.iter().flat_map(Grid::patch_positions).flatten();
        assert_eq!(
            positions.map(|p| p as u32).collect::<Vec<_>>(),
            table("patch_hw"),
            "set {set}"
        );
        assert_eq!(grids.iter().flat_map(Grid::thw).collect::<Vec<_>>(), thw);
    }
}

#[test]
fn oracle_traces_are_met() {
    for case in Case::all() {
        let Some(true) = case.facts.get("images").map(|images| images[0].is_string()) else {
            continue;
        };
        let path = format!("oracle/cases/{}.trace.safetensors", case.name);
        if !["a02_wide", "b05_odd_size", "c03_three_images"].contains(&case.name.as_str()) {
            continue;
        }
        let Some(file) = oracle::bytes(&path) else {
            continue;
        };
        let trace = SafeTensors::deserialize(&file).expect("the oracle's tensors parse");
        let config = Config::parse(&case.json("config.json")).expect("an oracle checkpoint");
        let order = WindowOrder::new(&case.grids(), &config.vision_config);
        assert_eq!(
            order.window_index,
            oracle::ints(&trace, "vision.window_index"),
            "{}",
            case.name
        );
        assert_eq!(
            order.cu_window_seqlens,
            oracle::ints(&trace, "vision.cu_window_seqlens"),
            "{}",
            case.name
        );
        let table = vision_rotary_table(&case.grids(), config.vision_config.head_dim());
        let angles = oracle::floats(&trace, "vision.rotary_angles");
        let cos: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
        let sin: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
        assert!(
            oracle::max_difference(&table.cos, &cos) < 2e-6,
            "{}",
            case.name
        );
        assert!(
            oracle::max_difference(&table.sin, &sin) < 2e-6,
            "{}",
            case.name
        );
    }
}
