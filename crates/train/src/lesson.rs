//! From scenes and questions to rows of tokens: what one training step sees.

use anyhow::Result;
use generate::{Host, Method};
use qwen_vl::{
    IMAGE_ROW,
    config::Config,
    grid::Grid,
    image::{PatchedImage, Picture},
    mrope::Positions,
    prompt::{Message, PromptTokens},
};
use scene::{Dice, Family, Form, Kind, N_CELL, Reference, SIDE_PX, Sample, Scene, Style};

/// Image tokens of a scene.
pub const N_IMAGE: usize = N_CELL * N_CELL;

/// Kinds of objects: the shapes, then the digits; one more class for an empty cell.
pub const N_KIND: usize = scene::Shape::ALL.len() + 10;

/// Asks per scene and how they are to be answered.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Most objects in a scene.
    pub most_objects: usize,
    /// Questions about each scene.
    pub n_question: usize,
    /// How often each of `Form::ALL` is asked for.
    pub form_weights: [f64; 4],
    /// Share of look-backs that are shown nothing.
    pub blind_share: f64,
}

/// A scene with its questions and answers as rows of tokens.
pub struct Lesson {
    /// The picture.
    pub image: PatchedImage,
    /// Per image token: kind (`N_KIND` for none), colour, size.
    pub cells: Vec<[u32; 3]>,
    /// Embedding source of every row; image rows count from this lesson's first.
    pub sources: Vec<u32>,
    /// Keys of every row, counted from this lesson's first row (`kernels::gradients::attention::Span`).
    pub spans: Vec<[u32; 5]>,
    /// Rotary cosines of every row.
    pub cos: Vec<f32>,
    /// Rotary sines of every row.
    pub sin: Vec<f32>,
    /// Rows that predict a token of an answer.
    pub steps: Vec<Step>,
}

/// A row that predicts a token of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Row of the lesson.
    pub row: u32,
    /// Token to predict.
    pub target: u32,
    /// Image tokens that it should look at, a bit each; 0 for none in particular.
    pub look: u64,
    /// Whether it lies outside `<back>`, where the text should do.
    pub is_outside: bool,
    /// Weight of its −log probability: 1 to learn it, an advantage to learn it more or less.
    pub weight: f32,
}

/// The prompt of a question and what its answer is to be.
pub struct Asked {
    /// Tokens up to and with the last image token.
    pub prefix: Vec<u32>,
    /// Tokens after the image, up to the answer.
    pub suffix: Vec<u32>,
    /// First image token in the prefix.
    pub image_first: usize,
}

/// Checkpoint files and config: what turns text into rows.
pub struct Classroom {
    /// `config.json`
    pub config: Config,
    /// Side files.
    pub host: Host,
}

/// Name of the method that asks for a form.
pub fn method_name(form: Form) -> &'static str {
    match form {
        Form::Plain => "plain",
        Form::Cot => "cot",
        Form::SemanticBack => "semantic-back",
        Form::SolutionBack => "solution-back",
    }
}

/// The form that the first known method asks for.
pub fn form_of(methods: &[String]) -> Form {
    let of = |name: &String| {
        Form::ALL
            .into_iter()
            .find(|form| method_name(*form) == name)
    };
    methods.iter().find_map(of).unwrap_or(Form::SemanticBack)
}

/// Image tokens whose cell touches a box of the scene's objects, a bit each.
pub fn cells_of(scene: &Scene, objects: &[usize]) -> u64 {
    let mut bits = 0;
    for object in objects.iter().filter_map(|&index| scene.objects.get(index)) {
        let [x0, y0, x1, y1] = object.bounds_px().map(|px| px / scene::CELL_PX as f32);
        for row in y0.max(0.0) as usize..(y1.ceil().max(0.0) as usize).min(N_CELL) {
            for col in x0.max(0.0) as usize..(x1.ceil().max(0.0) as usize).min(N_CELL) {
                bits |= 1 << (row * N_CELL + col);
            }
        }
    }
    bits
}

/// Kind, colour and size of the object whose centre is in each cell.
fn dense_targets(scene: &Scene) -> Vec<[u32; 3]> {
    let mut cells = vec![[N_KIND as u32, 0, 0]; N_IMAGE];
    for object in &scene.objects {
        let kind = match object.kind {
            Kind::Shape(shape) => shape as u32,
            Kind::Digit(digit) => scene::Shape::ALL.len() as u32 + u32::from(digit),
        };
        let cell = object.cell();
        let token = usize::from(cell.row) * N_CELL + usize::from(cell.col);
        cells[token] = [kind, object.color as u32, object.size as u32];
    }
    cells
}

impl Classroom {
    /// The picture as the engine would see it.
    pub fn picture(&self, scene: &Scene) -> Result<PatchedImage> {
        let picture = Picture::from_rgb(scene::render(scene), SIDE_PX, SIDE_PX)?;
        Ok(PatchedImage::new(&picture, &self.host.preprocessor)?)
    }

    /// The prompt of a question.
    pub fn ask(&self, question: &str, form: Form, grid: Grid) -> Result<Asked> {
        let method = Method::find(method_name(form))?;
        let messages: Vec<Message> = method
            .system
            .map(Message::system)
            .into_iter()
            .chain([Message::question(1, &method.text(question))])
            .collect();
        let rendered = self.host.template.render(&messages)?;
        let n_context = self.config.max_position_embeddings;
        let grids = [grid];
        let tokens = PromptTokens::new(
            &rendered,
            &grids,
            &self.host.tokenizer,
            &self.config,
            n_context,
        )?;
        let span = tokens.images[0];
        let (prefix, suffix) = tokens.input_ids.split_at(span.end_token);
        Ok(Asked {
            prefix: prefix.to_vec(),
            suffix: suffix.to_vec(),
            image_first: span.begin_token,
        })
    }

    /// Scene and questions number `seed`.
    pub fn lesson(&self, seed: u64, plan: &Plan) -> Result<Lesson> {
        let mut dice = Dice::from_seed(seed ^ 0x1e55_0000_0000_0000);
        let families: Vec<Family> = (0..plan.n_question)
            .filter_map(|_| dice.pick(&Family::ALL).copied())
            .collect();
        let sample = Sample::from_seed(seed, 1..=plan.most_objects, families.first().copied());
        let image = self.picture(&sample.scene)?;
        let mut rows = Rows::new(self, image.grid);
        for (index, family) in families.into_iter().enumerate() {
            let question = match index {
                0 => Some(sample.question.clone()),
                _ => scene::Question::random(&mut dice, &sample.scene, family),
            };
            let Some(question) = question else { continue };
            let style = Style {
                form: form(&mut dice, plan.form_weights),
                random_error: 0.1,
                is_blind: dice.chance(plan.blind_share),
            };
            let reference = Reference::new(&mut dice, &sample.scene, &question, style);
            rows.push(&sample.scene, &question.text, style, &reference)?;
        }
        Ok(rows.finish(image, &sample.scene))
    }
}

impl Classroom {
    /// One question about a scene with several answers that were made up before, each weighted as a whole.
    pub fn review(
        &self,
        scene: &Scene,
        question: &str,
        form: Form,
        answers: &[(Vec<u32>, f32)],
    ) -> Result<Lesson> {
        let image = self.picture(scene)?;
        let asked = self.ask(question, form, image.grid)?;
        let mut rows = Rows::new(self, image.grid);
        for (answer, weight) in answers.iter().filter(|(answer, _)| !answer.is_empty()) {
            let (_, predicts) = rows.push_tokens(&asked, answer)?;
            rows.steps
                .extend(answer.iter().enumerate().map(|(index, &target)| Step {
                    row: (predicts + index) as u32,
                    target,
                    look: 0,
                    is_outside: false,
                    weight: *weight,
                }));
        }
        Ok(rows.finish(image, scene))
    }
}

fn form(dice: &mut Dice, weights: [f64; 4]) -> Form {
    let mut at = f64::from(dice.real(0.0, 1.0)) * weights.iter().sum::<f64>();
    for (form, weight) in Form::ALL.into_iter().zip(weights) {
        if at < weight {
            return form;
        }
        at -= weight;
    }
    Form::SemanticBack
}

struct Rows<'a> {
    room: &'a Classroom,
    grid: Grid,
    n_prefix: usize,
    image_first: usize,
    sources: Vec<u32>,
    spans: Vec<[u32; 5]>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    steps: Vec<Step>,
}

impl<'a> Rows<'a> {
    fn new(room: &'a Classroom, grid: Grid) -> Self {
        Rows {
            room,
            grid,
            n_prefix: 0,
            image_first: 0,
            sources: Vec::new(),
            spans: Vec::new(),
            cos: Vec::new(),
            sin: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A rendered answer.
    fn push(
        &mut self,
        scene: &Scene,
        question: &str,
        style: Style,
        reference: &Reference,
    ) -> Result<()> {
        let asked = self.room.ask(question, style.form, self.grid)?;
        let tokenizer = &self.room.host.tokenizer;
        let mut answer = tokenizer.encode(&reference.text)?;
        let n_text = answer.len();
        answer.extend(self.room.host.generation.eos_token_id.first());
        let (first, predicts) = self.push_tokens(&asked, &answer)?;
        let mut byte = 0;
        let back = reference.back.clone().unwrap_or(0..0);
        let opened = back.start + "<back>".len();
        for (index, &target) in answer.iter().enumerate() {
            let row = predicts + index;
            let bytes = match index < n_text {
                true => byte..byte + tokenizer.token_bytes(target)?.len(),
                false => byte..byte,
            };
            byte = bytes.end;
            let is_inside = bytes.end > opened && bytes.start < back.end && !back.is_empty();
            if is_inside && style.is_blind {
                self.spans[row] = self.span(first, row, true);
            }
            let looks = reference
                .looks
                .iter()
                .filter(|look| look.bytes.start < bytes.end && bytes.start < look.bytes.end);
            let look = looks.fold(0, |bits, look| bits | cells_of(scene, &look.objects));
            self.steps.push(Step {
                row: row as u32,
                target,
                look: if is_inside && style.is_blind { 0 } else { look },
                is_outside: !is_inside,
                weight: 1.0,
            });
        }
        Ok(())
    }

    /// A question and its answer; the last token of the answer is predicted but not read.
    /// → first row of the question, row that predicts the answer's first token
    fn push_tokens(&mut self, asked: &Asked, answer: &[u32]) -> Result<(usize, usize)> {
        let read = &answer[..answer.len().saturating_sub(1)];
        let config = &self.room.config;
        let fed: Vec<u32> = asked
            .prefix
            .iter()
            .chain(&asked.suffix)
            .chain(read)
            .copied()
            .collect();
        let table = Positions::of_prompt(&fed, &[self.grid], config)?.rotary_table(config);
        if self.sources.is_empty() {
            self.push_prefix(asked, &table.cos, &table.sin, table.n_angle);
        }
        let first = self.sources.len();
        let after = self.n_prefix * table.n_angle;
        self.cos.extend_from_slice(&table.cos[after..]);
        self.sin.extend_from_slice(&table.sin[after..]);
        self.sources.extend_from_slice(&fed[self.n_prefix..]);
        for row in first..self.sources.len() {
            self.spans.push(self.span(first, row, false));
        }
        Ok((first, first + asked.suffix.len() - 1))
    }

    fn push_prefix(&mut self, asked: &Asked, cos: &[f32], sin: &[f32], n_angle: usize) {
        self.n_prefix = asked.prefix.len();
        self.image_first = asked.image_first;
        for (row, &id) in asked.prefix.iter().enumerate() {
            self.sources.push(match row.checked_sub(asked.image_first) {
                Some(token) => IMAGE_ROW + token as u32,
                None => id,
            });
            let end = row as u32 + 1;
            self.spans.push([0, 0, 0, end, self.image_first as u32]);
        }
        self.cos.extend_from_slice(&cos[..self.n_prefix * n_angle]);
        self.sin.extend_from_slice(&sin[..self.n_prefix * n_angle]);
    }

    /// The prefix, without the image where it is hidden, and the question's own rows up to `row`.
    fn span(&self, first: usize, row: usize, is_blind: bool) -> [u32; 5] {
        let shared = if is_blind {
            self.image_first
        } else {
            self.n_prefix
        };
        [
            0,
            shared as u32,
            first as u32,
            row as u32 + 1,
            self.image_first as u32,
        ]
    }

    fn finish(self, image: PatchedImage, scene: &Scene) -> Lesson {
        Lesson {
            image,
            cells: dense_targets(scene),
            sources: self.sources,
            spans: self.spans,
            cos: self.cos,
            sin: self.sin,
            steps: self.steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{run, seedling};

    fn room() -> Result<Classroom> {
        Ok(run::open(seedling::shared(), &burn::tensor::Device::flex())?.room)
    }

    #[test]
    fn the_first_known_method_names_the_form() {
        let form =
            |names: &[&str]| form_of(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(form(&["solution-back", "plain"]), Form::SolutionBack);
        assert_eq!(form(&["unheard-of", "cot"]), Form::Cot);
        assert_eq!(form(&[]), Form::SemanticBack);
    }

    /// What the engine would read for the same question and answer, row by row.
    #[test]
    fn rows_are_what_the_engine_reads() -> Result<()> {
        let room = room()?;
        let plan = Plan {
            most_objects: 9,
            n_question: 3,
            form_weights: [0.0, 0.0, 1.0, 0.0],
            blind_share: 0.5,
        };
        for seed in 0..8 {
            let lesson = room.lesson(seed, &plan)?;
            let n = lesson.sources.len();
            assert_eq!(
                (lesson.spans.len(), lesson.cos.len()),
                (n, lesson.sin.len())
            );
            let image_first = lesson.sources.iter().position(|&id| id >= IMAGE_ROW);
            let image_first = image_first.expect("a picture");
            let n_prefix = image_first + N_IMAGE;
            for (row, &[first, hole_first, hole_end, end, image]) in lesson.spans.iter().enumerate()
            {
                assert_eq!(
                    (first, image as usize, end as usize),
                    (0, image_first, row + 1)
                );
                let shared = hole_first as usize;
                if row < n_prefix {
                    assert_eq!((shared, hole_end), (0, 0));
                } else {
                    assert!(
                        shared == n_prefix || shared == image_first,
                        "row {row}: {shared}"
                    );
                    assert!(hole_end as usize >= n_prefix && hole_end as usize <= row);
                }
            }
            let tokenizer = &room.host.tokenizer;
            let mut text = Vec::new();
            for step in &lesson.steps {
                let next = lesson.sources.get(step.row as usize + 1);
                let ends = room.host.generation.eos_token_id.contains(&step.target);
                assert!(ends || next == Some(&step.target));
                text.extend(tokenizer.token_bytes(step.target)?);
                let is_hidden = lesson.spans[step.row as usize][1] as usize == image_first;
                assert!(!is_hidden || (!step.is_outside && step.look == 0));
            }
            let text = String::from_utf8(text)?;
            assert_eq!(
                text.matches("<back>").count(),
                text.matches("<|im_end|>").count()
            );
        }
        Ok(())
    }

    /// An object from 30 to 54 px lies on the second column and row only up to 56 px.
    #[test]
    fn a_box_covers_the_cells_it_touches() {
        let sample = Sample::from_seed(5, 1..=1, None);
        let object = &sample.scene.objects[0];
        let [x0, y0, x1, y1] = object.bounds_px();
        let bits = cells_of(&sample.scene, &[0]);
        for cell in 0..N_IMAGE {
            let (left, top) = ((cell % N_CELL * 28) as f32, (cell / N_CELL * 28) as f32);
            let touches = x0 < left + 28.0 && x1 > left && y0 < top + 28.0 && y1 > top;
            assert_eq!(bits >> cell & 1 == 1, touches, "cell {cell}");
        }
        assert_eq!(cells_of(&sample.scene, &[7]), 0);
    }

    #[test]
    fn the_instruction_of_a_method_is_one_token() -> Result<()> {
        let room = room()?;
        let sample = Sample::from_seed(5, 1..=3, None);
        let image = room.picture(&sample.scene)?;
        for form in Form::ALL {
            let asked = room.ask("Is it red?", form, image.grid)?;
            assert!(
                asked.suffix.len() < 30,
                "{form:?}: {} tokens",
                asked.suffix.len()
            );
            assert_eq!(asked.prefix.len(), asked.image_first + N_IMAGE);
        }
        Ok(())
    }
}
