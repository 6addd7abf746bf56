//! The page: everything inside `<look-back>` except the element's own class, which is `embed/look-back.js`.
//!
//! Read `player` (methods of the contract), then `asking` (one question on its way), then `element`
//! (what is drawn), then `replay`, `keep` and `maker` (the scene maker of the demo model).

mod address;
mod again;
mod announcer;
mod answer;
mod asking;
mod cell;
mod compare;
mod compare_chart;
mod compare_side;
mod device;
mod earlier;
mod element;
mod engine;
mod gallery;
mod gaze;
mod host;
mod keep;
mod layers;
mod light;
mod looking;
mod maker;
mod mark;
mod mark_detail;
mod methods;
mod models;
mod notices;
mod numbers;
mod opening;
mod orientation;
mod outlines;
mod paint;
mod passage;
mod picture;
mod picture_choice;
mod player;
mod pointing;
mod question;
mod recording;
mod replay;
mod run;
mod samples;
mod share_bar;
mod sheet;
mod small_map;
mod span;
mod stage;
mod status;
mod timeline;
mod transport;
mod views;
mod worker_script;
mod zoom;

fn main() {}
