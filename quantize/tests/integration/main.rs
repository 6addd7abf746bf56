//! The program as a user runs it, on the oracle's checkpoints and on folders that it must refuse.

mod lookback;
mod oracle;
mod program;
mod refusals;
