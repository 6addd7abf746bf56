//! Questions that the model understands, about the scene at hand, with their true answers.

use leptos::prelude::*;
use scene::{Dice, Family, Question, Scene};

use crate::maker::Maker;

/// Questions offered at a time, each of another family.
const N_SHOWN: usize = 3;
/// Draws among which the shortest wording of a family is taken.
const N_DRAWS: usize = 12;

/// Everything that was offered about one scene; the last ones are shown.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// The scene and where chance stands; none where no scene is.
    about: Option<(Scene, Dice)>,
    questions: Vec<Question>,
    n_shown: usize,
}

impl Offers {
    /// The first questions about a scene.
    pub fn about(scene: Scene, dice: Dice) -> Self {
        let mut offers = Self {
            about: Some((scene, dice)),
            ..Self::default()
        };
        offers.draw();
        offers
    }

    /// Offers other questions; those before stay known.
    pub fn draw(&mut self) {
        let Some((scene, dice)) = &mut self.about else {
            return;
        };
        let mut families = Family::ALL;
        dice.shuffle(&mut families);
        let drawn = families
            .into_iter()
            .filter_map(|family| plainest(dice, scene, family, &self.questions));
        let drawn: Vec<Question> = drawn.take(N_SHOWN).collect();
        self.n_shown = drawn.len();
        self.questions.extend(drawn);
    }

    /// The text of one of the questions on offer.
    pub fn text(&self, index: usize) -> Option<String> {
        let question = self.shown().get(index)?;
        Some(question.text.clone())
    }

    /// The offered question of this text, if it was offered for this very scene.
    pub fn find(&self, text: &str, scene: &Scene) -> Option<&Question> {
        let (about, _) = self.about.as_ref()?;
        let is_asked = |question: &&Question| question.text == text.trim();
        self.questions
            .iter()
            .rfind(is_asked)
            .filter(|_| about == scene)
    }

    fn shown(&self) -> &[Question] {
        let n_before = self.questions.len() - self.n_shown;
        self.questions.get(n_before..).unwrap_or_default()
    }
}

/// What the words around a question hold, and few questions themselves.
const AROUND: [&str; 10] = [
    ": ",
    "! ",
    "Hi,",
    "Look",
    "Study",
    "Please",
    "Thank",
    "Take your",
    "Think",
    "I have",
];

/// A new question of the family as one writes it carefully: a whole sentence, no words around it.
fn plainest(
    dice: &mut Dice,
    scene: &Scene,
    family: Family,
    earlier: &[Question],
) -> Option<Question> {
    let is_plain = |text: &str| {
        let is_sentence = text.starts_with(|letter: char| letter.is_ascii_uppercase())
            && text.ends_with(['?', '.']);
        is_sentence && !AROUND.iter().any(|words| text.contains(words))
    };
    (0..N_DRAWS)
        .filter_map(|_| Question::random(dice, scene, family))
        .filter(|question| is_plain(&question.text))
        .filter(|question| earlier.iter().all(|other| other.text != question.text))
        .min_by_key(|question| question.text.len())
}

/// The questions on offer; one click puts one into the box.
#[component]
pub fn OfferList(maker: Maker) -> impl IntoView {
    let run = maker.run;
    let text = move |index: usize| maker.offers.with(|offers| offers.text(index));
    let offer = move |index: usize| {
        let put = move |_| {
            if let Some(text) = untrack(|| text(index)) {
                run.suggest(text);
            }
        };
        view! {
            <button
                type="button"
                data-testid="offer"
                aria-pressed=move || text(index).is_some_and(|text| run.question.with(|asked| *asked == text)).to_string()
                hidden=move || text(index).is_none()
                disabled=move || run.is_running()
                on:click=put
            >
                {move || text(index)}
            </button>
        }
    };
    view! {
        <div
            class="offers"
            role="group"
            aria-label="Questions about this scene"
            hidden=move || maker.arrangement().is_none() || text(0).is_none()
        >
            {std::array::from_fn::<_, N_SHOWN, _>(offer)}
            <button
                type="button"
                class="others"
                data-testid="other-offers"
                disabled=move || run.is_running()
                on:click=move |_| maker.offers.update(Offers::draw)
            >
                "Other questions"
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use scene::unknown_words;

    use super::*;
    use crate::maker::arrangement::Arrangement;

    fn offers(seed: u64) -> (Scene, Offers) {
        let scene = Arrangement::roll(seed).scene();
        (scene.clone(), Offers::about(scene, Dice::from_seed(seed)))
    }

    #[test]
    fn a_rolled_scene_gets_three_questions_of_three_families_in_known_words() {
        for seed in 0..200 {
            let (_, offers) = offers(seed);
            assert_eq!(offers.shown().len(), 3, "seed {seed}");
            let mut families: Vec<_> = offers.questions.iter().map(|q| q.family.name()).collect();
            families.sort_unstable();
            families.dedup();
            assert_eq!(families.len(), 3, "seed {seed}");
            for Question { text, .. } in offers.shown() {
                assert_eq!(unknown_words(text), Vec::<String>::new(), "{text}");
            }
        }
    }

    #[test]
    fn others_are_different_and_the_earlier_ones_stay_known() {
        let (scene, mut offers) = offers(5);
        let before = offers.shown().to_vec();
        offers.draw();
        for Question { text, .. } in &before {
            assert!(offers.shown().iter().all(|other| other.text != *text));
            assert!(offers.find(text, &scene).is_some(), "{text}");
        }
    }

    #[test]
    fn a_question_is_known_for_its_own_scene_only() {
        let (scene, offers) = offers(5);
        let text = format!(" {} ", offers.text(0).unwrap_or_default());
        assert!(offers.find(&text, &scene).is_some());
        assert!(offers.find(&text, &Arrangement::roll(6).scene()).is_none());
        assert!(offers.find("How many?", &scene).is_none());
    }
}
