//! The world judged from outside: by its pixels, by the words of its questions, by texts written by hand.

mod phrase;
mod questions;
mod references;
mod world;
