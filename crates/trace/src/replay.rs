//! Replaying a complete trace: what was known after its first n tokens.

use std::mem;

use crate::Trace;

impl Trace {
    /// Makes this trace, itself a prefix of `whole`, what `whole` was after its first `n_tokens` tokens:
    /// the fold of those and of nothing that came later. After all of them it is `whole` as it stands,
    /// with the segments, marks and answer that a file may have stated. Forward costs the tokens that
    /// are added, backward one fold of those that are left.
    pub fn replay(&mut self, whole: &Self, n_tokens: usize) {
        if n_tokens >= whole.tokens.len() {
            self.clone_from(whole);
            return;
        }
        if self.is_complete() || n_tokens < self.tokens.len() {
            self.rewind(n_tokens);
        }
        for token in &whole.tokens[self.tokens.len()..n_tokens] {
            self.push(token.clone());
        }
    }

    /// Folds the first `n_tokens` tokens anew; the trace is not complete.
    fn rewind(&mut self, n_tokens: usize) {
        let tokens = mem::take(&mut self.tokens);
        let mut again = Self::new(mem::take(&mut self.model));
        again.prompt = mem::take(&mut self.prompt);
        for token in tokens.into_iter().take(n_tokens) {
            again.push(token);
        }
        *self = again;
    }
}
