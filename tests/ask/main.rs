//! The command line as its user meets it: answers, and what it says of bad input.

mod again;
mod answer;
mod bad_folder;
mod bad_picture;
mod bad_question;
mod bad_weights;
mod edit;
mod loader;
mod model;
mod picture;
mod program;
mod sampling;
mod stop;
