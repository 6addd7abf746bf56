//! Which objects a phrase is about.

use serde::Serialize;

use crate::object::{Color, Kind, Object, Shape, Size};
use crate::scene::Scene;

/// Which kinds a phrase is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum KindFilter {
    /// "object"
    Any,
    /// "digit"
    AnyDigit,
    /// "circle"
    Shape(Shape),
    /// "7"
    Digit(u8),
}

/// A phrase such as "small red circle"; what it leaves open fits everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Filter {
    /// The size, where it is said.
    pub size: Option<Size>,
    /// The colour, where it is said.
    pub color: Option<Color>,
    /// The noun.
    pub kind: KindFilter,
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}

impl Filter {
    /// "object": fits everything.
    pub const ANY: Self = Self {
        size: None,
        color: None,
        kind: KindFilter::Any,
    };

    /// Whether the phrase fits the object.
    pub fn matches(&self, object: &Object) -> bool {
        let kind = match (self.kind, object.kind) {
            (KindFilter::Any, _) | (KindFilter::AnyDigit, Kind::Digit(_)) => true,
            (KindFilter::Shape(asked), Kind::Shape(shape)) => asked == shape,
            (KindFilter::Digit(asked), Kind::Digit(digit)) => asked == digit,
            _ => false,
        };
        kind && self.size.is_none_or(|size| size == object.size)
            && self.color.is_none_or(|color| color == object.color)
    }

    /// The objects it fits, as indices in reading order.
    pub fn find(&self, scene: &Scene) -> Vec<usize> {
        (0..scene.objects.len())
            .filter(|&at| self.matches(&scene.objects[at]))
            .collect()
    }

    /// How many objects it fits.
    pub fn count(&self, scene: &Scene) -> usize {
        scene
            .objects
            .iter()
            .filter(|object| self.matches(object))
            .count()
    }

    /// The phrase for one: "small red circle", "digit", "green 7".
    pub fn singular(&self) -> String {
        self.phrase(&match self.kind {
            KindFilter::Any => "object".into(),
            KindFilter::AnyDigit => "digit".into(),
            KindFilter::Shape(shape) => shape.name().into(),
            KindFilter::Digit(digit) => digit.to_string(),
        })
    }

    /// The phrase with what it leaves open said, in capitals that no word of an object has: "Any Red Circle", "Small
    /// Colored Digit", "Any Colored Object".
    pub(crate) fn complete(&self) -> String {
        let noun = Self {
            kind: self.kind,
            ..Self::ANY
        };
        let size = self.size.map_or("any", Size::name);
        let color = self.color.map_or("colored", Color::name);
        [size, color, &noun.singular()].map(capitalized).join(" ")
    }

    /// The phrase for several: "small red circles", "crosses", "green 7s".
    pub fn plural(&self) -> String {
        self.phrase(&match self.kind {
            KindFilter::Any => "objects".into(),
            KindFilter::AnyDigit => "digits".into(),
            KindFilter::Shape(shape) => shape.plural().into(),
            KindFilter::Digit(digit) => format!("{digit}s"),
        })
    }

    /// The phrase for one with its article: "a small red circle", "an orange 8".
    pub fn with_article(&self) -> String {
        let singular = self.singular();
        let article = if singular.starts_with(['a', 'e', 'i', 'o', 'u', '8']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {singular}")
    }

    fn phrase(&self, noun: &str) -> String {
        let words = [
            self.size.map(Size::name),
            self.color.map(Color::name),
            Some(noun),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Every phrase that fits the object, "object" among them.
    pub(crate) fn all_of(object: &Object) -> Vec<Self> {
        let kinds: &[KindFilter] = match object.kind {
            Kind::Shape(shape) => &[KindFilter::Any, KindFilter::Shape(shape)],
            Kind::Digit(digit) => &[
                KindFilter::Any,
                KindFilter::AnyDigit,
                KindFilter::Digit(digit),
            ],
        };
        let mut filters = Vec::new();
        for &kind in kinds {
            for color in [None, Some(object.color)] {
                filters.extend([None, Some(object.size)].map(|size| Self { size, color, kind }));
            }
        }
        filters
    }

    /// Every phrase that fits an object of the scene, each once.
    pub(crate) fn all_in(scene: &Scene) -> Vec<Self> {
        let mut filters: Vec<Self> = Vec::new();
        for filter in scene.objects.iter().flat_map(Self::all_of) {
            if !filters.contains(&filter) {
                filters.push(filter);
            }
        }
        filters
    }

    /// Whether the noun is a single shape or a single digit.
    pub(crate) fn names_kind(&self) -> bool {
        matches!(self.kind, KindFilter::Shape(_) | KindFilter::Digit(_))
    }

    /// Whether everything that this phrase fits is fitted by the other, too.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let kind = match (other.kind, self.kind) {
            (KindFilter::Any, _) | (KindFilter::AnyDigit, KindFilter::Digit(_)) => true,
            (wide, narrow) => wide == narrow,
        };
        kind && (other.size.is_none() || other.size == self.size)
            && (other.color.is_none() || other.color == self.color)
    }
}
