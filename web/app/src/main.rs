//! The page: everything inside `<look-back>` except the element's own class, which is `embed/look-back.js`.
//!
//! Read `player` (methods of the contract), then `asking` (one question on its way), then `element`
//! (what is drawn), then `replay`, `keep` and `maker` (the scene maker of the demo model).

mod address;
mod announcer;
mod answer;
mod asking;
mod cell;
mod element;
mod engine;
mod gaze;
mod host;
mod keep;
mod light;
mod maker;
mod opening;
mod orientation;
mod paint;
mod picture;
mod picture_choice;
mod player;
mod question;
mod recording;
mod replay;
mod run;
mod samples;
mod share_bar;
mod sheet;
mod stage;
mod status;
mod timeline;
mod transport;
mod worker_script;

fn main() {}
