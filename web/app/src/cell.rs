//! The cell under the pointer, and its number.

use leptos::prelude::*;
use web_sys::{Element, PointerEvent};

use crate::paint::fit;
use crate::run::Run;

/// The cell under the pointer, row-major; `None` beside the picture.
pub fn cell_at(
    event: &PointerEvent,
    canvas: &Element,
    (width_px, height_px): (u32, u32),
    (rows, cols): (u32, u32),
) -> Option<usize> {
    let stage = canvas.get_bounding_client_rect();
    let fit = fit(
        (stage.width(), stage.height()),
        (f64::from(width_px), f64::from(height_px)),
    );
    let x = (f64::from(event.client_x()) - stage.left() - fit.x) / fit.width;
    let y = (f64::from(event.client_y()) - stage.top() - fit.y) / fit.height;
    let inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
    let (row, col) = (
        (y * f64::from(rows)) as usize,
        (x * f64::from(cols)) as usize,
    );
    inside.then(|| row * cols as usize + col)
}

/// The raw number of one cell.
pub fn cell_figure(run: Run, cell: Option<usize>) -> String {
    let Some(cell) = cell else {
        return "Point at a cell for its number.".to_owned();
    };
    run.looking.map.with(|map| {
        let probability = map.as_ref().and_then(|map| map.cells.get(cell));
        let Some((map, probability)) = map.as_ref().zip(probability) else {
            return String::new();
        };
        format!(
            "Row {}, column {}: {:.2} % of all attention",
            cell / map.n_cols + 1,
            cell % map.n_cols + 1,
            probability * 100.0
        )
    })
}
