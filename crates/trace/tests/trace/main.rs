//! What a trace makes of an answer, judged by published answers, by properties and by hand.

mod file;
mod heat;
mod markers;
mod messages;
mod published;
mod replay;
mod segments;
