//! What the model is trained to say.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::dice::Dice;
use crate::listing::list;
use crate::question::{Ask, Question};
use crate::scene::Scene;
use crate::script::{Look, Script};
use crate::solution::{Eye, Solution};
use crate::thought::{intro, reason, solve, verdict};

/// How an answer is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The box alone.
    Plain,
    /// A solution, then the box.
    Cot,
    /// A first glance, a look back at the key details, a verdict, the box.
    SemanticBack,
    /// A whole solution from the first glance, a look back that checks it, a verdict, the box.
    SolutionBack,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] = [
        Self::Plain,
        Self::Cot,
        Self::SemanticBack,
        Self::SolutionBack,
    ];
}

/// How a reference is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Its layout.
    pub form: Form,
    /// Probability that the first look is wrong by chance instead of by what is faint.
    pub random_error: f64,
    /// Whether the image is hidden while looking back: what is not seen changes nothing, right or wrong.
    pub is_blind: bool,
}

/// The text that answers a question, and where it names what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The whole answer.
    pub text: String,
    /// What the first look says; none in forms without a look back.
    pub first_look: Option<String>,
    /// Whether the first look is the right answer; true where there is none.
    pub is_first_look_right: bool,
    /// Words that name where or what objects are, in the order of the text.
    pub looks: Vec<Look>,
    /// From `<back>` to the end of `</back>`.
    pub back: Option<Range<usize>>,
}

impl Reference {
    /// The answer to a question about this scene, told in this style.
    pub fn new(dice: &mut Dice, scene: &Scene, question: &Question, style: Style) -> Self {
        let truth = Solution::of(&question.ask, scene, Eye::Look);
        let (thought, answer) = (solve(&question.ask, &truth), &truth.answer);
        let text = match style.form {
            Form::Plain => format!("\\boxed{{{answer}}}"),
            Form::Cot => format!("<think>\n{thought} {answer}.\n</think>\n\\boxed{{{answer}}}"),
            Form::SemanticBack | Form::SolutionBack => {
                let glance = if dice.chance(style.random_error) {
                    Solution::mistaken(dice, &question.ask, scene)
                } else {
                    Solution::of(&question.ask, scene, Eye::Glance)
                };
                return Self::with_back(scene, &question.ask, style, &truth, &glance);
            }
        };
        Self {
            text,
            first_look: None,
            is_first_look_right: true,
            looks: Vec::new(),
            back: None,
        }
    }

    fn with_back(
        scene: &Scene,
        ask: &Ask,
        style: Style,
        truth: &Solution,
        glance: &Solution,
    ) -> Self {
        let mut script = Script::default();
        let (opening, check) = match style.form {
            Form::SolutionBack => (solve(ask, glance), "Checking the image"),
            _ => (format!("{} At first glance:", intro(ask)), "Check"),
        };
        script.say(&format!("<think>\n{opening}"));
        script.name(&glance.answer, ask.objects(scene));
        script.say(".\n</think>\n");
        let start = script.text.len();
        script.say("<back>");
        if style.is_blind {
            script.say("I cannot see the image.");
        } else {
            script.say(check);
            list(&mut script, ask, scene, truth);
        }
        script.say("</back>");
        let back = start..script.text.len();
        script.say(&ending(ask, scene, style, truth, glance));
        Self {
            first_look: Some(glance.answer.clone()),
            is_first_look_right: glance.answer == truth.answer,
            text: script.text,
            looks: script.looks,
            back: Some(back),
        }
    }
}

/// What follows the look back: the second thought and the box.
fn ending(ask: &Ask, scene: &Scene, style: Style, truth: &Solution, glance: &Solution) -> String {
    let (thought, answer) = if style.is_blind {
        (format!("It stays {}.", glance.answer), &glance.answer)
    } else {
        let verdict = verdict(style.form, &truth.answer, &glance.answer);
        (reason(ask, scene, truth) + &verdict, &truth.answer)
    };
    format!("\n<think>\n{thought}\n</think>\n\\boxed{{{answer}}}")
}
