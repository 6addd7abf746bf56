//! Text that grows token by token, cut only between whole characters.

use super::{Tokenizer, TokenizerError};

/// Collects the bytes of tokens and gives out text as soon as its UTF-8 is complete.
///
/// All pieces together, with [`Self::finish`], equal the lossy decoding of all bytes at once.
#[derive(Clone, Debug)]
pub struct TokenStream {
    pending: Vec<u8>,
    skip_special: bool,
}

impl TokenStream {
    /// An empty stream; `skip_special` leaves out special tokens such as `<|im_end|>`.
    pub fn new(skip_special: bool) -> Self {
        Self {
            pending: Vec::new(),
            skip_special,
        }
    }

    /// Text completed by one more token; empty while a character is still incomplete.
    ///
    /// # Errors
    /// [`TokenizerError::NoText`] for an id without text.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Result<String, TokenizerError> {
        let bytes = tokenizer.token_bytes(id)?;
        if !(self.skip_special && tokenizer.is_special(id)) {
            self.pending.extend(bytes);
        }
        Ok(self.take_complete())
    }

    /// The rest: an incomplete character is one U+FFFD.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.pending).into_owned()
    }

    fn take_complete(&mut self) -> String {
        let tail = self.pending.utf8_chunks().last();
        // A last chunk with an invalid end is incomplete when more bytes could still mend it.
        let n_open = tail.map_or(0, |chunk| chunk.invalid().len());
        let start = self.pending.len() - n_open;
        let open = std::str::from_utf8(&self.pending[start..]);
        let mendable = open.is_err_and(|error| error.error_len().is_none());
        let rest = if mendable {
            self.pending.split_off(start)
        } else {
            Vec::new()
        };
        let complete = std::mem::replace(&mut self.pending, rest);
        String::from_utf8_lossy(&complete).into_owned()
    }
}
