//! The small world of the demo model: pictures of coloured shapes and digits, questions about them with
//! exact answers, and the reasoning that the model is trained to say.
//!
//! A [`Sample`] comes from one seed and is the same on every platform: floats are only added, subtracted,
//! multiplied, divided and rooted, and all chance comes from a [`Dice`].

mod answer;
mod cell;
mod dice;
mod filter;
mod glance;
mod glyph;
mod listing;
mod object;
mod question;
mod reference;
mod render;
mod sample;
mod scene;
mod script;
mod solution;
mod thought;
mod vocabulary;

pub use answer::{first_look, form_is_complete, mentions};
pub use cell::{CELL_PX, Cell, N_CELL, SIDE_PX};
pub use dice::Dice;
pub use filter::{Filter, KindFilter};
pub use glance::is_faint;
pub use object::{Color, Kind, Object, Shape, Size};
pub use question::{
    Ask, Attribute, Comparison, Family, PositionForm, Question, Side, Step, Target,
};
pub use reference::{Form, Reference, Style};
pub use render::render;
pub use sample::Sample;
pub use scene::{Scene, Speck};
pub use script::Look;
pub use vocabulary::unknown_words;
