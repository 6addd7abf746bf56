//! A stretch of tokens: what the attention was on average within it.

use trace::{HISTORY_TOKENS, HeatMap, Marker, MarkerKind, Shares, Token, Trace};

/// Tokens `start..end`, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First token.
    pub start: usize,
    /// One past the last token.
    pub end: usize,
}

impl From<Marker> for Span {
    fn from(Marker { start, end, .. }: Marker) -> Self {
        Self { start, end }
    }
}

impl Span {
    /// One token alone.
    pub fn of_token(token: usize) -> Self {
        Self {
            start: token,
            end: token + 1,
        }
    }

    /// What an answer was about, once it is complete: its last stated look back, else all of it; `None` of no token.
    pub fn at_rest(trace: &Trace) -> Option<Self> {
        let stated = |marker: &&Marker| marker.kind == MarkerKind::Stated;
        let last = trace.markers.iter().rev().find(stated);
        let n_tokens = trace.tokens.len();
        let whole = Self {
            start: 0,
            end: n_tokens,
        };
        let span = last.map_or(whole, |&marker| marker.into());
        (n_tokens > 0).then_some(span)
    }

    /// How many tokens it covers.
    pub fn n_tokens(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether it covers `token`.
    pub fn contains(self, token: usize) -> bool {
        (self.start..self.end).contains(&token)
    }

    /// The tokens that a gain is measured against.
    pub fn before(self) -> Self {
        Self {
            start: self.start.saturating_sub(HISTORY_TOKENS),
            end: self.start,
        }
    }

    /// As many tokens after it, within an answer of `n_tokens`.
    pub fn after(self, n_tokens: usize) -> Self {
        Self {
            start: self.end.min(n_tokens),
            end: (self.end + HISTORY_TOKENS).min(n_tokens),
        }
    }

    /// Its tokens; those beyond the answer are left out.
    pub fn tokens(self, trace: &Trace) -> &[Token] {
        let end = self.end.min(trace.tokens.len());
        trace.tokens.get(self.start..end).unwrap_or_default()
    }

    /// Mean of the shares; `None` of no token.
    pub fn shares(self, trace: &Trace) -> Option<Shares> {
        let tokens = self.tokens(trace);
        let mean = |read: fn(&Shares) -> f32| {
            tokens.iter().map(|token| read(&token.shares)).sum::<f32>() / tokens.len() as f32
        };
        (!tokens.is_empty()).then(|| Shares {
            image: mean(|shares| shares.image),
            question: mean(|shares| shares.question),
            generated: mean(|shares| shares.generated),
        })
    }

    /// Mean map of one of the prompt's pictures; `None` of no token and without that picture.
    pub fn map(self, trace: &Trace, image: usize) -> Option<HeatMap> {
        self.maps(trace).into_iter().nth(image)
    }

    /// Each picture's part of the light on all of them; zeros where there is none.
    pub fn light_shares(self, trace: &Trace) -> Vec<f32> {
        light_shares(&self.maps(trace))
    }

    /// The picture with the most light, the first of equals.
    pub fn brightest_image(self, trace: &Trace) -> usize {
        brightest(&self.maps(trace))
    }

    /// "mostly upper left, 31 %" where the picture `shown` has the most light, "mostly on picture 2, upper left,
    /// 31 %" where another one has; nothing where there is no light.
    pub fn place_words(self, trace: &Trace, shown: Option<usize>) -> String {
        let maps = self.maps(trace);
        let image = brightest(&maps);
        let words = place_words(maps.get(image));
        match trace.prompt.images.len() {
            0 | 1 => words,
            _ if shown == Some(image) => words,
            _ => words.replacen("mostly ", &format!("mostly on picture {}, ", image + 1), 1),
        }
    }

    fn maps(self, trace: &Trace) -> Vec<HeatMap> {
        let tokens = self.tokens(trace);
        match tokens.first() {
            Some(token) if !token.map.is_empty() => HeatMap::mean(tokens, &trace.prompt.images),
            _ => Vec::new(),
        }
    }

    /// "tokens 97 to 126", counted from 1.
    pub fn words(self) -> String {
        match self.n_tokens() {
            0 => "no tokens".to_owned(),
            1 => format!("token {}", self.end),
            _ => format!("tokens {} to {}", self.start + 1, self.end),
        }
    }
}

fn light_shares(maps: &[HeatMap]) -> Vec<f32> {
    let mass = |map: &HeatMap| map.cells.iter().sum::<f32>();
    let masses: Vec<f32> = maps.iter().map(mass).collect();
    let total: f32 = masses.iter().sum();
    let share = |mass: f32| if total > 0.0 { mass / total } else { 0.0 };
    masses.into_iter().map(share).collect()
}

fn brightest(maps: &[HeatMap]) -> usize {
    let shares = light_shares(maps).into_iter().enumerate();
    let brightest = shares.rev().max_by(|(_, a), (_, b)| a.total_cmp(b));
    brightest.map_or(0, |(image, _)| image)
}

/// "mostly upper left, 31 %" of a map; nothing where there is no light.
pub fn place_words(map: Option<&HeatMap>) -> String {
    map.and_then(|map| map.regions().first().copied())
        .map(|region| format!("mostly {region}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, Prompt, PromptImage};

    use super::*;

    /// Image shares 0.1, 0.2, … and the light on cell 0, then on cell 1, in turn.
    fn trace(n_tokens: usize) -> Trace {
        let mut trace = Trace::new(ModelInfo::default());
        trace.apply(&Event::Prompt(Prompt {
            images: vec![PromptImage {
                rows: 1,
                cols: 2,
                ..PromptImage::default()
            }],
            ..Prompt::default()
        }));
        for index in 0..n_tokens {
            trace.apply(&Event::Token(Token {
                text: "x".to_owned(),
                shares: Shares {
                    image: 0.1 * (index + 1) as f32,
                    ..Shares::default()
                },
                map: if index % 2 == 0 {
                    vec![255, 0]
                } else {
                    vec![0, 255]
                },
                map_max: 0.5,
                ..Token::default()
            }));
        }
        trace
    }

    #[test]
    fn a_span_has_the_mean_of_its_tokens() {
        let trace = trace(4);
        let span = Span { start: 1, end: 4 };
        let share = span.shares(&trace).map(|shares| shares.image);
        assert!(share.is_some_and(|share| (share - 0.3).abs() < 1e-6));
        let cells = span.map(&trace, 0).map(|map| map.cells).unwrap_or_default();
        assert!((cells[0] - 0.5 / 3.0).abs() < 1e-6 && (cells[1] - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn of_several_pictures_the_brightest_is_named_unless_it_is_shown() {
        let mut trace = Trace::new(ModelInfo::default());
        let image = |rows, cols| PromptImage {
            rows,
            cols,
            ..PromptImage::default()
        };
        trace.apply(&Event::Prompt(Prompt {
            images: vec![image(1, 2), image(1, 1)],
            ..Prompt::default()
        }));
        for map in [vec![51, 0, 204], vec![0, 255, 0], vec![0, 0, 0]] {
            trace.apply(&Event::Token(Token {
                map,
                map_max: 0.5,
                ..Token::default()
            }));
        }
        let [first, second, third] = [0, 1, 2].map(Span::of_token);
        let cells = second.map(&trace, 0).map(|map| map.cells);
        assert_eq!(cells, Some(vec![0.0, 0.5]));
        assert_eq!(first.map(&trace, 2), None);
        assert_eq!(
            [first, second].map(|span| span.brightest_image(&trace)),
            [1, 0]
        );
        assert_eq!(third.light_shares(&trace), [0.0, 0.0]);
        let words = "mostly on picture 2, centre, 100 %";
        assert_eq!(first.place_words(&trace, Some(0)), words);
        assert_eq!(first.place_words(&trace, None), words);
        assert_eq!(first.place_words(&trace, Some(1)), "mostly centre, 100 %");
        assert_eq!(third.place_words(&trace, Some(1)), "");
    }

    #[test]
    fn beyond_the_answer_is_nothing() {
        let trace = trace(2);
        assert_eq!(Span { start: 2, end: 9 }.shares(&trace), None);
        assert_eq!(Span { start: 5, end: 9 }.map(&trace, 0), None);
        let all = Span { start: 0, end: 99 };
        assert_eq!(all.tokens(&trace).len(), 2);
    }

    #[test]
    fn a_complete_answer_rests_on_its_last_stated_look_back() {
        let mark = |kind, start, end| Marker {
            kind,
            start,
            end,
            gain: 1.0,
        };
        let mut answer = trace(9);
        assert_eq!(Span::at_rest(&answer), Some(Span { start: 0, end: 9 }));
        answer.markers = vec![
            mark(MarkerKind::Stated, 1, 3),
            mark(MarkerKind::Stated, 4, 6),
            mark(MarkerKind::Measured, 7, 8),
        ];
        assert_eq!(Span::at_rest(&answer), Some(Span { start: 4, end: 6 }));
        assert_eq!(Span::at_rest(&trace(0)), None);
    }

    #[test]
    fn before_and_after_are_twenty_tokens_where_there_are_so_many() {
        let span = Span {
            start: 95,
            end: 126,
        };
        assert_eq!(span.before(), Span { start: 75, end: 95 });
        assert_eq!(
            span.after(158),
            Span {
                start: 126,
                end: 146
            }
        );
        let early = Span { start: 3, end: 9 };
        assert_eq!(
            (early.before().n_tokens(), early.after(12).n_tokens()),
            (3, 3)
        );
        assert_eq!(span.words(), "tokens 96 to 126");
    }
}
