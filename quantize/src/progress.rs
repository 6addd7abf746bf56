//! Progress on standard error: bytes read of the checkpoint, and the rate.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Counts bytes and tells about them now and then.
pub struct Progress {
    total_bytes: u64,
    done_bytes: u64,
    start: Instant,
    told: Instant,
    /// One line that is written over, instead of a line now and then.
    terminal: bool,
}

impl Progress {
    /// Starts the clock.
    pub fn new(total_bytes: u64) -> Self {
        let now = Instant::now();
        Self {
            total_bytes,
            done_bytes: 0,
            start: now,
            told: now,
            terminal: stderr().is_terminal(),
        }
    }

    /// Counts `n_bytes` more.
    pub fn add(&mut self, n_bytes: u64) {
        self.done_bytes += n_bytes;
        let pause = if self.terminal { 200 } else { 10_000 };
        if self.told.elapsed() >= Duration::from_millis(pause) {
            self.told = Instant::now();
            self.tell(if self.terminal { "\r" } else { "\n" });
        }
    }

    /// Tells the final state.
    pub fn finish(&self) {
        self.tell("\n");
    }

    fn tell(&self, end: &str) {
        let mega = |bytes: u64| bytes as f64 / 1e6;
        let seconds = self.start.elapsed().as_secs_f64().max(1e-3);
        let rate = mega(self.done_bytes) / seconds;
        let (done, total) = (mega(self.done_bytes), mega(self.total_bytes));
        eprint!("quantize: {done:.1} of {total:.1} MB, {rate:.1} MB/s, {seconds:.0} s   {end}");
    }
}
