//! When each token of a recorded answer is due.

use trace::Token;

/// The speeds to choose from, recorded milliseconds in one of the reader's, and their words.
pub const SPEEDS: [(f64, &str); 6] = [
    (0.25, "¼ ×"),
    (0.5, "½ ×"),
    (1.0, "1 ×"),
    (2.0, "2 ×"),
    (4.0, "4 ×"),
    (8.0, "8 ×"),
];
/// The recorded speed among them.
pub const RECORDED_SPEED: usize = 2;
/// The longest pause that is kept; a longer one would look like a standstill.
const MAX_GAP_MILLIS: f64 = 600.0;
/// Between the tokens of a recording without times.
const UNTIMED_GAP_MILLIS: f64 = 60.0;
/// A token must stay this long on average to be followed with the eyes.
const FOLLOWABLE_GAP_MILLIS: f64 = 70.0;

/// Due times of the tokens, from the beginning of the replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Never falling.
    due_millis: Vec<f64>,
}

impl Schedule {
    /// As recorded, without the long pauses.
    pub fn of(tokens: &[Token]) -> Self {
        let is_timed = tokens.iter().any(|token| token.millis > 0.0);
        let gap = |token: &Token| match is_timed {
            true => token.millis.clamp(0.0, MAX_GAP_MILLIS),
            false => UNTIMED_GAP_MILLIS,
        };
        let mut at_millis = 0.0;
        let due = tokens.iter().map(|token| {
            at_millis += gap(token);
            at_millis
        });
        Self {
            due_millis: due.collect(),
        }
    }

    /// How many tokens are due.
    pub fn n_due(&self, at_millis: f64) -> usize {
        self.due_millis.partition_point(|due| *due <= at_millis)
    }

    /// When the last of the first `n_tokens` is due.
    pub fn due_millis(&self, n_tokens: usize) -> f64 {
        let last = n_tokens.checked_sub(1);
        last.and_then(|last| self.due_millis.get(last))
            .copied()
            .unwrap_or_default()
    }

    /// Which speed up to the recorded one is the highest at which the eyes can follow, or the lowest.
    pub fn followable_speed(&self) -> usize {
        let n_tokens = self.due_millis.len();
        let gap_millis = self.due_millis(n_tokens) / n_tokens.max(1) as f64;
        let is_followable = |speed: &usize| gap_millis / SPEEDS[*speed].0 >= FOLLOWABLE_GAP_MILLIS;
        (0..=RECORDED_SPEED).rev().find(is_followable).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(millis: &[f64]) -> Vec<Token> {
        let token = |&millis: &f64| Token {
            millis,
            ..Token::default()
        };
        millis.iter().map(token).collect()
    }

    #[test]
    fn tokens_are_due_as_recorded_and_no_pause_is_long() {
        let schedule = Schedule::of(&tokens(&[100.0, 20.0, 90_000.0, -5.0, 30.0]));
        assert_eq!(schedule.due_millis, [100.0, 120.0, 720.0, 720.0, 750.0]);
        let n_due = [0.0, 100.0, 719.9, 720.0, 1e9].map(|at| schedule.n_due(at));
        assert_eq!(n_due, [0, 1, 2, 4, 5]);
        assert_eq!(
            (schedule.due_millis(0), schedule.due_millis(2)),
            (0.0, 120.0)
        );
    }

    #[test]
    fn a_recording_without_times_plays_evenly() {
        assert_eq!(
            Schedule::of(&tokens(&[0.0; 3])).due_millis,
            [60.0, 120.0, 180.0]
        );
    }

    #[test]
    fn what_came_too_fast_to_follow_opens_slower() {
        let speed = |millis: f64| Schedule::of(&tokens(&[millis; 9])).followable_speed();
        assert_eq!([200.0, 70.0, 40.0, 20.0, 2.0].map(speed), [2, 2, 1, 0, 0]);
        assert_eq!(Schedule::of(&[]).followable_speed(), 0);
    }
}
