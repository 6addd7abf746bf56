//! The published ways of asking, as data.

use crate::Error;

/// How a question becomes messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Method {
    /// Name in links, traces and on the command line.
    pub name: &'static str,
    /// System message, where the method brings its own.
    pub system: Option<&'static str>,
    /// Appended to the question after one space.
    pub instruction: Option<&'static str>,
}

/// All methods that need nothing but a prompt. Wording: Look-Back, `eval/scripts` and `eval/utils/processing.py`.
pub const METHODS: [Method; 4] = [
    Method {
        name: "plain",
        system: None,
        instruction: None,
    },
    Method {
        name: "cot",
        system: Some(SYSTEM),
        instruction: Some(
            r"You FIRST think about the reasoning process as an internal monologue and then provide the final answer. The reasoning process MUST BE enclosed within <think> </think> tags. The final answer MUST BE put in \boxed{}.",
        ),
    },
    Method {
        name: "semantic-back",
        system: Some(SYSTEM),
        instruction: Some(
            r"You FIRST think about the reasoning process as an internal monologue and then provide the final answer. The reasoning process MUST BE enclosed within <think> </think> tags, and use <back> </back> to verify your reasoning against the image. The final answer MUST BE put in \boxed{}, respectively, i.e., <think> reasoning process here </think> <back> verification process here </back> <think> continue reasoning </think> \boxed{final answer}.",
        ),
    },
    Method {
        name: "solution-back",
        system: Some(SYSTEM),
        instruction: Some(
            r"You FIRST think about the reasoning process as an internal monologue and then provide the final answer. The reasoning process MUST BE enclosed within <think> </think> tags, and use <back> </back> to verify your reasoning solution against the image, and rethink it in the <think> </think> tags based on your thinking and verification content. The final answer MUST BE put in \boxed{}, respectively, i.e., <think> reasoning process here </think> <back> verification process against the image here </back> <think> based on the thinking  and verification contents, rethinking here </think> \boxed{final answer}.",
        ),
    },
];

const SYSTEM: &str = "You are a helpful assistant.";

impl Method {
    /// The method of this name.
    ///
    /// # Errors
    /// [`Error::Method`] names those there are.
    pub fn find(name: &str) -> Result<Method, Error> {
        let method = METHODS.iter().find(|method| method.name == name);
        method.copied().ok_or_else(|| Error::Method {
            name: name.to_owned(),
            known: METHODS.map(|method| method.name).join(", "),
        })
    }

    /// The user's text.
    pub fn text(&self, question: &str) -> String {
        match self.instruction {
            Some(instruction) => format!("{question} {instruction}"),
            None => question.to_owned(),
        }
    }
}
