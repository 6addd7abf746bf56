//! Chance that is the same on every platform.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// A seeded source of chance (PCG XSH RR 64/32); the same seed gives the same throws everywhere.
#[derive(Clone, Debug)]
pub struct Dice(Pcg32);

impl Dice {
    /// The dice of this seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(Pcg32::seed_from_u64(seed))
    }

    /// True with this probability; below 0 is never, above 1 is always.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random_bool(probability.clamp(0.0, 1.0))
    }

    /// A whole number from `low` to `high`, both included; `low` if the range is empty.
    pub fn whole(&mut self, low: usize, high: usize) -> usize {
        // Drawn as u32: the throws of usize differ between 32 and 64 bits in some versions of rand.
        let span = high.saturating_sub(low).min(u32::MAX as usize) as u32;
        low + self.0.random_range(0..=span) as usize
    }

    /// A number from `low` up to `high`; `low` if the range is empty.
    pub fn real(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low).max(0.0) * self.0.random::<f32>()
    }

    /// One of the items, each as likely; none of none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = items.len().checked_sub(1)?;
        items.get(self.whole(0, last))
    }

    /// Puts the items into an order by chance (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.whole(0, end));
        }
    }
}
