//! The `Range` header of a request (RFC 9110, section 14).

/// What a `Range` header asks of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// No range, or one that a server may ignore: several ranges, another unit, not a range at all.
    Whole,
    /// The bytes `first..=last` of the file.
    Part {
        /// Position of the first byte wanted.
        first_byte: u64,
        /// Position of the last byte wanted, inside the file.
        last_byte: u64,
    },
    /// A well-formed range that holds no byte of the file.
    Outside,
}

impl ByteRange {
    /// Reads the value of a `Range` header for a file of `length_bytes`.
    pub fn parse(header: &str, length_bytes: u64) -> Self {
        let Some((first, last)) = header
            .trim()
            .strip_prefix("bytes=")
            .and_then(|spec| spec.split_once('-'))
        else {
            return Self::Whole;
        };
        match (position(first), position(last)) {
            (Some(Some(first)), Some(last)) => Self::from_positions(first, last, length_bytes),
            (Some(None), Some(Some(suffix_bytes))) => Self::from_suffix(suffix_bytes, length_bytes),
            _ => Self::Whole,
        }
    }

    fn from_positions(first_byte: u64, last_byte: Option<u64>, length_bytes: u64) -> Self {
        if last_byte.is_some_and(|last_byte| last_byte < first_byte) {
            return Self::Whole;
        }
        match length_bytes.checked_sub(1) {
            Some(end) if first_byte <= end => Self::Part {
                first_byte,
                last_byte: last_byte.map_or(end, |last_byte| last_byte.min(end)),
            },
            _ => Self::Outside,
        }
    }

    fn from_suffix(suffix_bytes: u64, length_bytes: u64) -> Self {
        if suffix_bytes == 0 || length_bytes == 0 {
            return Self::Outside;
        }
        Self::Part {
            first_byte: length_bytes.saturating_sub(suffix_bytes),
            last_byte: length_bytes - 1,
        }
    }
}

/// `Some(None)` where the text is empty, `None` where it is no decimal number.
fn position(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::ByteRange::{self, Outside, Part, Whole};

    #[test]
    fn ranges_of_a_ten_byte_file() {
        let cases = [
            (
                "bytes=0-3",
                Part {
                    first_byte: 0,
                    last_byte: 3,
                },
            ),
            (
                "bytes=4-",
                Part {
                    first_byte: 4,
                    last_byte: 9,
                },
            ),
            (
                "bytes=9-9",
                Part {
                    first_byte: 9,
                    last_byte: 9,
                },
            ),
            (
                "bytes=4-99",
                Part {
                    first_byte: 4,
                    last_byte: 9,
                },
            ),
            (
                "bytes=-3",
                Part {
                    first_byte: 7,
                    last_byte: 9,
                },
            ),
            (
                "bytes=-99",
                Part {
                    first_byte: 0,
                    last_byte: 9,
                },
            ),
            ("bytes=10-", Outside),
            ("bytes=-0", Outside),
            ("bytes=5-4", Whole),
            ("bytes=-", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=99999999999999999999-", Whole),
            ("items=0-3", Whole),
            ("", Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(ByteRange::parse(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn an_empty_file_has_no_range() {
        assert_eq!(ByteRange::parse("bytes=0-", 0), Outside);
        assert_eq!(ByteRange::parse("bytes=-1", 0), Outside);
    }
}
