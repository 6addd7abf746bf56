//! The room that other objects leave for one.

use scene::{CELL_PX, Cell, N_CELL, Object, SIDE_PX};

/// How far an object's middle stays from its cell's border, so that its cell is beyond doubt.
const MARGIN_PX: f32 = 5.0;

/// Where the middle of one object may lie: in a cell of its own, the object whole in the picture and apart from
/// the others.
pub struct Room {
    half_px: [f32; 2],
    cells: Vec<Cell>,
    /// Boxes as [`Object::bounds_px`] gives them.
    bounds_px: Vec<[f32; 4]>,
}

impl Room {
    /// The room for `object` among others.
    pub fn new<'a>(object: &Object, others: impl Iterator<Item = &'a Object> + Clone) -> Self {
        Self {
            half_px: half_px(object),
            cells: others.clone().map(Object::cell).collect(),
            bounds_px: others.map(Object::bounds_px).collect(),
        }
    }

    /// The free place nearest to the wished one.
    pub fn nearest(&self, wish_px: [f32; 2]) -> Option<[f32; 2]> {
        let lines = 0..N_CELL as u8;
        let cells = lines
            .clone()
            .flat_map(|row| lines.clone().map(move |col| Cell { row, col }));
        nearest_of(
            cells.filter_map(|cell| self.nearest_in(cell, wish_px)),
            wish_px,
        )
    }

    /// The free place in a cell that is nearest to the wished one.
    pub fn nearest_in(&self, cell: Cell, wish_px: [f32; 2]) -> Option<[f32; 2]> {
        if self.cells.contains(&cell) {
            return None;
        }
        let xs = middles_px(cell.col, self.half_px[0], wish_px[0])?;
        let ys = middles_px(cell.row, self.half_px[1], wish_px[1])?;
        let places = xs.into_iter().flat_map(|x| ys.map(|y| [x, y]));
        nearest_of(places.filter(|place| self.is_free(*place)), wish_px)
    }

    fn is_free(&self, [x, y]: [f32; 2]) -> bool {
        let [half_width, half_height] = self.half_px;
        let (left, right) = (x - half_width, x + half_width);
        let (upper, lower) = (y - half_height, y + half_height);
        self.bounds_px.iter().all(|other| {
            right <= other[0] || other[2] <= left || lower <= other[1] || other[3] <= upper
        })
    }
}

/// Half the width and half the height of the ink.
pub fn half_px(object: &Object) -> [f32; 2] {
    let [.., right, lower] = object.bounds_px();
    [right - object.center_px[0], lower - object.center_px[1]]
}

/// Where an object's middle may lie along one side of a cell: nearest to the wish, then at either end and
/// between. None where the object would not lie whole in the picture.
fn middles_px(index: u8, half_px: f32, wish_px: f32) -> Option<[f32; 4]> {
    let start_px = f32::from(index) * CELL_PX as f32;
    let low_px = (start_px + MARGIN_PX).max(half_px);
    let high_px = (start_px + CELL_PX as f32 - MARGIN_PX).min(SIDE_PX as f32 - half_px);
    (low_px <= high_px).then(|| {
        let nearest_px = wish_px.clamp(low_px, high_px);
        [nearest_px, low_px, (low_px + high_px) / 2.0, high_px]
    })
}

fn nearest_of(places: impl Iterator<Item = [f32; 2]>, wish_px: [f32; 2]) -> Option<[f32; 2]> {
    // The distance times itself: its order is the distance's.
    let distance2 = |[x, y]: [f32; 2]| (x - wish_px[0]).powi(2) + (y - wish_px[1]).powi(2);
    places.min_by(|a, b| distance2(*a).total_cmp(&distance2(*b)))
}
