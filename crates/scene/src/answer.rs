//! Reading an answer that was generated; its text is untrusted.

use crate::cell::N_CELL;
use crate::reference::Form;
use crate::scene::Scene;
use crate::script::Look;

const THINK: [&str; 2] = ["<think>", "</think>"];
const BACK: [&str; 2] = ["<back>", "</back>"];

/// The answer that the first look gives, in either form with a look back.
pub fn first_look(text: &str) -> Option<&str> {
    let (thought, _) = text.split_once(THINK[1])?;
    let said = match thought.split_once("At first glance: ") {
        Some((_, said)) => said,
        None => thought.rsplit_once("the answer is ")?.1,
    };
    let answer = said.strip_suffix(".\n")?;
    (!answer.is_empty() && !answer.contains('\n')).then_some(answer)
}

/// Whether the text has the form's parts in order, each closed, with nothing between or after them but space.
pub fn form_is_complete(text: &str, form: Form) -> bool {
    let parts: &[[&str; 2]] = match form {
        Form::Plain => &[],
        Form::Cot => &[THINK],
        Form::SemanticBack | Form::SolutionBack => &[THINK, BACK, THINK],
    };
    let rest = parts
        .iter()
        .try_fold(text, |rest, part| after_part(rest, *part));
    rest.is_some_and(is_box)
}

/// What follows a part that opens the text and holds no other tag.
fn after_part<'a>(text: &'a str, [open, close]: [&str; 2]) -> Option<&'a str> {
    let (inside, rest) = text.trim_start().strip_prefix(open)?.split_once(close)?;
    let is_plain = [THINK, BACK]
        .iter()
        .flatten()
        .all(|tag| !inside.contains(tag))
        && !inside.trim().is_empty();
    is_plain.then_some(rest)
}

fn is_box(text: &str) -> bool {
    let inside = text
        .trim()
        .strip_prefix("\\boxed{")
        .and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| !inside.trim().is_empty() && !inside.contains(['{', '}', '<', '>']))
}

/// The cells named inside `<back>` that hold an object's middle; an open `<back>` reaches to the end.
pub fn mentions(text: &str, scene: &Scene) -> Vec<Look> {
    let Some(start) = text.find(BACK[0]).map(|at| at + BACK[0].len()) else {
        return Vec::new();
    };
    let end = text[start..]
        .find(BACK[1])
        .map_or(text.len(), |at| start + at);
    let words = text.as_bytes();
    (start..end.saturating_sub(2))
        .filter_map(|at| mention(words, at, end, scene))
        .collect()
}

/// The look at a byte where a space, a column letter and a row number stand alone.
fn mention(bytes: &[u8], at: usize, end: usize, scene: &Scene) -> Option<Look> {
    let &[b' ', letter, number] = bytes.get(at..at + 3)? else {
        return None;
    };
    let (col, row) = (letter.checked_sub(b'a')?, number.checked_sub(b'1')?);
    let is_cell = usize::from(col) < N_CELL && usize::from(row) < N_CELL;
    let goes_on = at + 3 < end && bytes.get(at + 3).is_some_and(u8::is_ascii_alphanumeric);
    let holds = |object: &usize| {
        let cell = scene.objects[*object].cell();
        (cell.col, cell.row) == (col, row)
    };
    let objects: Vec<usize> = (0..scene.objects.len()).filter(holds).collect();
    (is_cell && !goes_on && !objects.is_empty()).then_some(Look {
        bytes: at..at + 3,
        objects,
    })
}
