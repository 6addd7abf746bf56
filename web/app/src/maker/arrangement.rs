//! A scene under a person's hands.

use scene::{CELL_PX, Cell, Color, Dice, Kind, N_CELL, Object, SIDE_PX, Scene, Size, Speck};

use crate::maker::room::{Room, half_px};

/// The most objects that the demo model was shown.
pub const MAX_OBJECTS: usize = 9;
/// The fewest objects of a rolled scene: about one or two there is little to ask.
const MIN_ROLLED: usize = 3;

/// Why a scene cannot be changed as wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// As many objects as there may be.
    #[error("Nine objects are the most that this model knows; remove one first.")]
    Full,
    /// Nowhere is enough room.
    #[error("There is no room for it; move or remove something first.")]
    NoRoom,
    /// The border, or other objects up to it, are in the way.
    #[error("It cannot go further that way.")]
    Blocked,
    /// None was chosen, or it has been removed since.
    #[error("Choose an object first.")]
    Unchosen,
}

/// An object and the name that it keeps while it moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its name.
    pub id: u32,
    /// What it is and where.
    pub object: Object,
}

/// A scene whose objects can be told apart while they change places.
///
/// Except for an object that is being dragged, objects lie whole in the picture, in cells of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrangement {
    /// The seed that it was rolled from.
    pub seed: u64,
    /// Whether it has been changed by hand since.
    pub is_changed: bool,
    /// In the order in which they came.
    pub pieces: Vec<Piece>,
    background: [u8; 3],
    clutter: Vec<Speck>,
}

impl Arrangement {
    /// The scene of a seed, 3 to 9 objects.
    pub fn roll(seed: u64) -> Self {
        let scene = Scene::random(&mut Dice::from_seed(seed), MIN_ROLLED..=MAX_OBJECTS);
        let pieces = (0..).zip(scene.objects);
        Self {
            seed,
            is_changed: false,
            pieces: pieces.map(|(id, object)| Piece { id, object }).collect(),
            background: scene.background,
            clutter: scene.clutter,
        }
    }

    /// The scene as it stands.
    pub fn scene(&self) -> Scene {
        let objects = self.pieces.iter().map(|piece| piece.object.clone());
        Scene::new(self.background, self.clutter.clone(), objects.collect())
    }

    /// The object of this name.
    pub fn object(&self, id: u32) -> Option<&Object> {
        let piece = self.pieces.iter().find(|piece| piece.id == id)?;
        Some(&piece.object)
    }

    /// Puts an object's middle where a person holds it, within the picture; others may lie below it.
    pub fn drag(&mut self, id: u32, center_px: [f32; 2]) {
        if let Some(object) = self.object_mut(id) {
            let half_px = half_px(object);
            let within =
                |axis: usize| center_px[axis].clamp(half_px[axis], SIDE_PX as f32 - half_px[axis]);
            object.center_px = [within(0), within(1)];
            self.is_changed = true;
        }
    }

    /// Lets go of a dragged object: it settles at the nearest free place, or back where it came from.
    pub fn settle(&mut self, id: u32, from_px: [f32; 2]) -> Result<String, Refusal> {
        let object = self.object(id).ok_or(Refusal::Unchosen)?;
        let place = self.room(id, object).nearest(object.center_px);
        self.move_to(id, place.unwrap_or(from_px))
    }

    /// Moves an object by cells to the next free place on its way, over others where they stand in it.
    pub fn step(&mut self, id: u32, [right, down]: [i8; 2]) -> Result<String, Refusal> {
        let object = self.object(id).ok_or(Refusal::Unchosen)?;
        let room = self.room(id, object);
        let Cell { row, col } = object.cell();
        let place = (1..N_CELL as i8).find_map(|n| {
            let index = |from: u8, by: i8| u8::try_from(from as i8 + by * n).ok();
            let cell = Cell {
                row: index(row, down)?,
                col: index(col, right)?,
            };
            let by_px = |by: i8| f32::from(by * n) * CELL_PX as f32;
            let [x, y] = object.center_px;
            room.nearest_in(cell, [x + by_px(right), y + by_px(down)])
        });
        self.move_to(id, place.ok_or(Refusal::Blocked)?)
    }

    /// Adds an object at the free place nearest to the middle of the picture.
    pub fn add(&mut self, kind: Kind, color: Color, size: Size) -> Result<String, Refusal> {
        if self.pieces.len() >= MAX_OBJECTS {
            return Err(Refusal::Full);
        }
        let [least_px, most_px] = size.range_px();
        let id = self.pieces.iter().map(|piece| piece.id + 1).max();
        let id = id.unwrap_or_default();
        let mut object = Object {
            kind,
            color,
            size,
            center_px: [SIDE_PX as f32 / 2.0; 2],
            side_px: (least_px + most_px) / 2.0,
            shade: 1.0,
        };
        let place = self.room(id, &object).nearest(object.center_px);
        object.center_px = place.ok_or(Refusal::NoRoom)?;
        let words = words(&object);
        self.pieces.push(Piece { id, object });
        self.is_changed = true;
        Ok(format!("Added: {words}."))
    }

    /// Takes an object away.
    pub fn remove(&mut self, id: u32) -> Result<String, Refusal> {
        let words = words(self.object(id).ok_or(Refusal::Unchosen)?);
        self.pieces.retain(|piece| piece.id != id);
        self.is_changed = true;
        Ok(format!("Removed: {words}."))
    }

    fn object_mut(&mut self, id: u32) -> Option<&mut Object> {
        let piece = self.pieces.iter_mut().find(|piece| piece.id == id)?;
        Some(&mut piece.object)
    }

    fn move_to(&mut self, id: u32, center_px: [f32; 2]) -> Result<String, Refusal> {
        self.is_changed = true;
        let object = self.object_mut(id).ok_or(Refusal::Unchosen)?;
        object.center_px = center_px;
        Ok(format!("{}.", words(object)))
    }

    /// The room for an object of this name among the others.
    fn room(&self, id: u32, object: &Object) -> Room {
        let others = self.pieces.iter().filter(|piece| piece.id != id);
        Room::new(object, others.map(|piece| &piece.object))
    }
}

/// "small red circle at b2".
pub fn words(object: &Object) -> String {
    format!("{} at {}", object.in_words(), object.cell())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scene::Shape;

    use super::*;

    /// The rules of the world: whole objects, each in a cell of its own, its middle off the cell's border.
    fn assert_lawful(arrangement: &Arrangement) {
        let objects = arrangement.scene().objects;
        let cells: BTreeSet<Cell> = objects.iter().map(Object::cell).collect();
        assert_eq!(cells.len(), objects.len(), "{objects:?}");
        for object in &objects {
            let [left, upper, right, lower] = object.bounds_px();
            assert!(left > -0.01 && upper > -0.01, "{object:?}");
            assert!(right < 224.01 && lower < 224.01, "{object:?}");
            for at_px in object.center_px {
                assert!((4.99..=23.01).contains(&(at_px % 28.0)), "{object:?}");
            }
        }
    }

    fn lone(center_px: [f32; 2]) -> Arrangement {
        let mut arrangement = Arrangement::roll(1);
        arrangement.pieces.clear();
        let added = arrangement.add(Kind::Shape(Shape::Square), Color::Red, Size::Small);
        assert_eq!(added.as_deref(), Ok("Added: small red square at d4."));
        arrangement.drag(0, center_px);
        arrangement
    }

    #[test]
    fn whatever_is_done_by_hand_the_scene_stays_lawful() {
        for seed in 0..50 {
            let mut arrangement = Arrangement::roll(seed);
            let mut dice = Dice::from_seed(seed);
            for _ in 0..40 {
                let ids: Vec<u32> = arrangement.pieces.iter().map(|piece| piece.id).collect();
                let id = dice.pick(&ids).copied().unwrap_or_default();
                let from_px = arrangement.object(id).map(|object| object.center_px);
                // What a refusal leaves behind must be lawful, too.
                let _ = match dice.whole(0, 4) {
                    0 => {
                        let x = dice.real(-500.0, 500.0);
                        arrangement.drag(id, [x, dice.real(-500.0, 500.0)]);
                        arrangement.settle(id, from_px.unwrap_or_default())
                    }
                    1 => arrangement.step(id, [1, 0]),
                    2 => arrangement.step(id, [0, -1]),
                    3 => arrangement.add(Kind::Digit(8), Color::Blue, Size::Large),
                    _ => arrangement.remove(id),
                };
                assert_lawful(&arrangement);
                assert!(arrangement.pieces.len() <= 9);
            }
        }
    }

    #[test]
    fn a_dragged_object_stays_whole_in_the_picture() {
        let arrangement = lone([-40.0, 500.0]);
        let bounds_px = arrangement.object(0).map(Object::bounds_px);
        let [left, _, _, lower] = bounds_px.unwrap_or_default();
        assert!(
            left.abs() < 0.01 && (lower - 224.0).abs() < 0.01,
            "{bounds_px:?}"
        );
    }

    #[test]
    fn a_step_goes_one_cell_and_ends_at_the_border() {
        let mut arrangement = lone([98.0, 98.0]);
        let step = arrangement.step(0, [-1, 0]);
        assert_eq!(step.as_deref(), Ok("small red square at c4."));
        assert_eq!(
            arrangement.object(0).map(|o| o.center_px),
            Some([70.0, 98.0])
        );
        arrangement.drag(0, [210.0, 98.0]);
        assert_eq!(arrangement.step(0, [1, 0]), Err(Refusal::Blocked));
    }

    #[test]
    fn a_step_goes_over_what_stands_in_the_way() {
        let mut arrangement = lone([70.0, 98.0]);
        let added = arrangement.add(Kind::Digit(5), Color::Green, Size::Small);
        assert_eq!(added.as_deref(), Ok("Added: small green 5 at d4."));
        arrangement.drag(1, [98.0, 98.0]);
        let step = arrangement.step(0, [1, 0]);
        assert_eq!(step.as_deref(), Ok("small red square at e4."));
    }

    #[test]
    fn an_object_let_go_on_another_one_settles_beside_it() {
        let mut arrangement = lone([98.0, 98.0]);
        let added = arrangement.add(Kind::Digit(5), Color::Green, Size::Small);
        assert!(added.is_ok());
        arrangement.drag(1, [98.0, 98.0]);
        assert!(arrangement.settle(1, [126.0, 98.0]).is_ok());
        assert_lawful(&arrangement);
        let boxes: Vec<[f32; 4]> = arrangement
            .pieces
            .iter()
            .map(|piece| piece.object.bounds_px())
            .collect();
        let [a, b] = [boxes[0], boxes[1]];
        let shares = |low: usize| a[low] < b[low + 2] && b[low] < a[low + 2];
        assert!(!(shares(0) && shares(1)), "{boxes:?}");
    }

    #[test]
    fn names_stay_while_the_reading_order_changes() {
        let mut arrangement = Arrangement::roll(7);
        let Some(first) = arrangement.pieces.first().cloned() else {
            panic!("a rolled scene has objects");
        };
        while arrangement.step(first.id, [0, 1]).is_ok() {}
        assert_eq!(
            arrangement.pieces.first().map(|piece| piece.id),
            Some(first.id)
        );
        assert_ne!(
            arrangement.scene().objects.first().map(Object::cell),
            Some(first.object.cell())
        );
    }

    #[test]
    fn a_tenth_object_is_refused() {
        let mut arrangement = Arrangement::roll(3);
        let circle = Kind::Shape(Shape::Circle);
        while arrangement.pieces.len() < 9 {
            assert!(arrangement.add(circle, Color::Pink, Size::Small).is_ok());
        }
        assert_eq!(
            arrangement.add(circle, Color::Pink, Size::Small),
            Err(Refusal::Full)
        );
    }
}
