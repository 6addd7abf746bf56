//! The page: everything inside `<look-back>` except the element's own class, which is `embed/look-back.js`.
//!
//! Read `player` (methods of the contract), then `asking` (one question on its way), then `element`
//! (what is drawn), then `maker` (the scene maker of the demo model).

mod announcer;
mod answer;
mod asking;
mod cell;
mod device;
mod element;
mod engine;
mod gaze;
mod host;
mod light;
mod maker;
mod orientation;
mod paint;
mod picture;
mod picture_choice;
mod player;
mod question;
mod recording;
mod run;
mod samples;
mod share_bar;
mod sheet;
mod stage;
mod status;
mod timeline;
mod worker_script;

fn main() {}
