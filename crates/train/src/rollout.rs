//! Many answers at once: the prompts of a scene share their keys, every answer adds its own.

use anyhow::Result;
use burn::tensor::Tensor;
use kernels::{Angles, Heads, project};
use qwen_vl::{IMAGE_ROW, model::Model, mrope::Positions};
use rayon::prelude::*;
use scene::{Dice, Form, Scene};

use crate::{
    lesson::{Asked, Classroom, N_IMAGE},
    student::{floats, words},
};

/// A question about a scene, and how its answer is to be made.
#[derive(Clone, Debug)]
pub struct Request {
    /// Number of the scene among those given.
    pub scene: usize,
    /// What is asked.
    pub question: String,
    /// Whose method asks.
    pub form: Form,
    /// Whether the image is hidden from the steps inside `<back>`.
    pub is_blind: bool,
    /// Seed of the choices; the most likely token where there is none.
    pub seed: Option<u64>,
}

/// An answer and where every token of it looked.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Without the end token.
    pub ids: Vec<u32>,
    /// Bytes of all tokens so far.
    pub text: String,
    /// Byte at which each token starts.
    pub starts: Vec<usize>,
    /// Per token, the share of the image (Look-Back's formula).
    pub image_shares: Vec<f32>,
    /// Per token, the mean over heads and layers of the attention on each image token.
    pub maps: Vec<[f32; N_IMAGE]>,
    /// Whether it ended by itself.
    pub has_ended: bool,
}

/// Most tokens of an answer: nine objects listed twice take about 110.
const MOST_TOKENS: usize = 320;

/// Keys and values of one layer, [n, width] each.
#[derive(Clone, Default)]
struct Rows {
    keys: Vec<f32>,
    values: Vec<f32>,
}

struct Sequence {
    /// Its scene's prompt.
    scene: usize,
    own: Vec<Rows>,
    positions: Positions,
    n_prompt: usize,
    answer: Answer,
    is_blind: bool,
    dice: Option<Dice>,
    /// Per layer: image and all counted probability of the step at hand.
    sums: Vec<[f32; 2]>,
    map: [f32; N_IMAGE],
}

struct Prefix {
    asked: Asked,
    rows: Vec<Rows>,
}

/// Answers all requests, those about one scene on the same image features.
pub fn answer(
    model: &Model,
    room: &Classroom,
    scenes: &[Scene],
    requests: &[Request],
) -> Result<Vec<Answer>> {
    answer_up_to(model, room, scenes, requests, MOST_TOKENS)
}

fn answer_up_to(
    model: &Model,
    room: &Classroom,
    scenes: &[Scene],
    requests: &[Request],
    most_tokens: usize,
) -> Result<Vec<Answer>> {
    let mut run = Run::start(model, room, scenes, requests)?;
    for _ in 0..most_tokens {
        if !run.step()? {
            break;
        }
    }
    Ok(run
        .sequences
        .into_iter()
        .map(|sequence| sequence.answer)
        .collect())
}

struct Run<'a> {
    model: &'a Model,
    room: &'a Classroom,
    prefixes: Vec<Prefix>,
    sequences: Vec<Sequence>,
    /// Logits of every sequence's next token, [n, vocab].
    logits: Vec<f32>,
}

impl<'a> Run<'a> {
    fn start(
        model: &'a Model,
        room: &'a Classroom,
        scenes: &[Scene],
        requests: &[Request],
    ) -> Result<Run<'a>> {
        let images = scenes
            .par_iter()
            .map(|scene| room.picture(scene))
            .collect::<Result<Vec<_>>>()?;
        let embeds = model.encode_images(&images.iter().collect::<Vec<_>>())?;
        let n_layer = room.config.num_hidden_layers;
        let empty = vec![Rows::default(); n_layer];
        let mut prefixes: Vec<Option<Prefix>> = scenes.iter().map(|_| None).collect();
        let mut sequences = Vec::new();
        let mut suffixes = Vec::new();
        for request in requests {
            let image = &images[request.scene];
            let asked = room.ask(&request.question, request.form, image.grid)?;
            let ids: Vec<u32> = asked.prefix.iter().chain(&asked.suffix).copied().collect();
            let positions = Positions::of_prompt(&ids, &[image.grid], &room.config)?;
            suffixes.push(asked.suffix.clone());
            sequences.push(Sequence {
                scene: request.scene,
                own: empty.clone(),
                n_prompt: ids.len(),
                positions,
                answer: Answer::default(),
                is_blind: request.is_blind,
                dice: request.seed.map(Dice::from_seed),
                sums: vec![[0.0; 2]; n_layer],
                map: [0.0; N_IMAGE],
            });
            let prefix = &mut prefixes[request.scene];
            prefix.get_or_insert_with(|| Prefix {
                asked,
                rows: empty.clone(),
            });
        }
        let prefixes = prefixes.into_iter().flatten().collect();
        let mut run = Run {
            model,
            room,
            prefixes,
            sequences,
            logits: Vec::new(),
        };
        run.read_prefixes(&embeds.rows, &embeds.row_of_token)?;
        run.read_suffixes(&suffixes)?;
        Ok(run)
    }

    fn angles(&self, rows: Vec<(&Positions, usize)>) -> Angles {
        let config = &self.room.config;
        let positions = rows
            .iter()
            .map(|(positions, token)| match positions.axes[0].get(*token) {
                Some(_) => std::array::from_fn(|axis| positions.axes[axis][*token]),
                None => [positions.of_generated(token - positions.n_token()); 3],
            });
        let table = qwen_vl::mrope::RotaryTable::of_text(positions, config);
        let shape = [rows.len(), table.n_angle];
        Angles {
            cosines: floats(table.cos, shape, &self.model.device),
            sines: floats(table.sin, shape, &self.model.device),
        }
    }

    /// Fills the keys and values of all prefixes.
    fn read_prefixes(&mut self, image_rows: &Tensor<2>, row_of_token: &[u32]) -> Result<()> {
        let device = &self.model.device;
        let (mut sources, mut spans, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (index, prefix) in self.prefixes.iter().enumerate() {
            let first = sources.len() as u32;
            let sequence = self
                .sequences
                .iter()
                .find(|sequence| sequence.scene == index);
            let Some(sequence) = sequence else { continue };
            for (token, &id) in prefix.asked.prefix.iter().enumerate() {
                let end = first + token as u32 + 1;
                spans.extend([first, first, first, end, first]);
                sources.push(match token.checked_sub(prefix.asked.image_first) {
                    Some(cell) => IMAGE_ROW + row_of_token[index * N_IMAGE + cell],
                    None => id,
                });
                places.push((&sequence.positions, token));
            }
        }
        let angles = self.angles(places);
        let text = &self.model.network.model;
        let n = sources.len();
        let spans = words(spans, device).reshape([n, 5]);
        let hidden = text
            .embed_tokens
            .rows(words(sources, device), Some(image_rows));
        let lengths: Vec<usize> = self
            .prefixes
            .iter()
            .map(|prefix| prefix.asked.prefix.len())
            .collect();
        let mut layers = Vec::new();
        text.forward(hidden, &angles, |_, qkv, heads| {
            layers.push(split(&host(&qkv), heads, &lengths));
            kernels::attention_spans(qkv, &spans, heads, 0).0
        });
        for (layer, rows) in layers.into_iter().enumerate() {
            for (prefix, rows) in self.prefixes.iter_mut().zip(rows) {
                prefix.rows[layer] = rows;
            }
        }
        Ok(())
    }

    /// Reads what follows the image, longest first token by token together, and leaves the first logits.
    fn read_suffixes(&mut self, suffixes: &[Vec<u32>]) -> Result<()> {
        let longest = suffixes.iter().map(Vec::len).max().unwrap_or(0);
        let vocab = self.room.config.vocab_size;
        self.logits = vec![0.0; suffixes.len() * vocab];
        for at in 0..longest {
            let rows: Vec<(usize, u32, usize)> = suffixes
                .iter()
                .enumerate()
                .filter_map(|(index, suffix)| {
                    let place = self.sequences[index].n_prompt - suffix.len() + at;
                    suffix.get(at).map(|&id| (index, id, place))
                })
                .collect();
            self.feed(&rows)?;
        }
        Ok(())
    }

    /// One row for each of some sequences; their logits are replaced.
    fn feed(&mut self, rows: &[(usize, u32, usize)]) -> Result<()> {
        let device = &self.model.device;
        let places = rows
            .iter()
            .map(|&(index, _, place)| (&self.sequences[index].positions, place));
        let angles = self.angles(places.collect());
        let network = &self.model.network;
        let sources = words(rows.iter().map(|row| row.1).collect(), device);
        let hidden = network.model.embed_tokens.rows(sources, None);
        let mut active: Vec<(usize, &mut Sequence)> =
            self.sequences.iter_mut().enumerate().collect();
        let mut wanted = rows.iter().map(|row| row.0).peekable();
        active.retain(|(index, _)| wanted.next_if_eq(index).is_some());
        let prefixes = &self.prefixes;
        let hidden = network.model.forward(hidden, &angles, |layer, qkv, heads| {
            let qkv = host(&qkv);
            let width = qkv.len() / active.len();
            let n_context = heads.n_heads * heads.head_dim;
            let mut context = vec![0.0; active.len() * n_context];
            active
                .par_iter_mut()
                .zip(qkv.par_chunks_exact(width))
                .zip(context.par_chunks_exact_mut(n_context))
                .for_each(|(((_, sequence), qkv), context)| {
                    let prefix = &prefixes[sequence.scene];
                    attend(sequence, prefix, layer, qkv, heads, context);
                });
            floats(context, [active.len(), n_context], device)
        });
        let head = network.lm_head.as_ref();
        let logits = host(&project(
            &hidden,
            head.unwrap_or(&network.model.embed_tokens),
        ));
        let vocab = self.room.config.vocab_size;
        for (row, logits) in rows.iter().zip(logits.chunks_exact(vocab)) {
            self.logits[row.0 * vocab..][..vocab].copy_from_slice(logits);
        }
        Ok(())
    }

    /// Chooses a token for every answer that goes on; false when none does.
    fn step(&mut self) -> Result<bool> {
        let vocab = self.room.config.vocab_size;
        let tokenizer = &self.room.host.tokenizer;
        let ends = &self.room.host.generation.eos_token_id;
        let mut rows = Vec::new();
        for (index, sequence) in self.sequences.iter_mut().enumerate() {
            if sequence.answer.has_ended {
                continue;
            }
            let logits = &self.logits[index * vocab..][..vocab];
            let step = sequence.answer.ids.len();
            let id = choose(logits, sequence.dice.as_mut());
            if ends.contains(&id) {
                sequence.answer.has_ended = true;
                continue;
            }
            sequence.take(id, &tokenizer.token_bytes(id).unwrap_or_default());
            rows.push((index, id, sequence.n_prompt + step));
        }
        if rows.is_empty() {
            return Ok(false);
        }
        self.feed(&rows)?;
        Ok(true)
    }
}

impl Sequence {
    /// Adds a token with the attention of the step that led to it.
    fn take(&mut self, id: u32, bytes: &[u8]) {
        let n_layer = self.sums.len() as f32;
        let share = |[image, all]: &[f32; 2]| if *all > 0.0 { image / all } else { 0.0 };
        let answer = &mut self.answer;
        answer.ids.push(id);
        answer.starts.push(answer.text.len());
        answer.text.push_str(&String::from_utf8_lossy(bytes));
        answer
            .image_shares
            .push(self.sums.iter().map(share).sum::<f32>() / n_layer);
        answer.maps.push(self.map.map(|mass| mass / n_layer));
    }

    /// Whether the token to come lies inside an open `<back>` and must not see the image.
    fn hides_image(&self) -> bool {
        let text = &self.answer.text;
        let opened = text.rfind("<back>");
        self.is_blind && opened.is_some_and(|at| !text[at..].contains("</back>"))
    }
}

fn host(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.clone().into_data().iter::<f32>().collect()
}

/// Keys and values of consecutive runs of rows.
fn split(qkv: &[f32], heads: Heads, lengths: &[usize]) -> Vec<Rows> {
    let (n_query, n_key) = (
        heads.n_heads * heads.head_dim,
        heads.n_kv_heads * heads.head_dim,
    );
    let mut rows = qkv.chunks_exact(n_query + 2 * n_key);
    let take = |&length: &usize| {
        let mut part = Rows::default();
        for row in rows.by_ref().take(length) {
            part.keys.extend_from_slice(&row[n_query..n_query + n_key]);
            part.values.extend_from_slice(&row[n_query + n_key..]);
        }
        part
    };
    lengths.iter().map(take).collect()
}

/// Adds the row's key and value to the sequence and attends to everything it sees.
fn attend(
    sequence: &mut Sequence,
    prefix: &Prefix,
    layer: usize,
    qkv: &[f32],
    heads: Heads,
    context: &mut [f32],
) {
    let d = heads.head_dim;
    let (n_query, width) = (heads.n_heads * d, heads.n_kv_heads * d);
    let hides_image = sequence.hides_image();
    let own = &mut sequence.own[layer];
    own.keys.extend_from_slice(&qkv[n_query..n_query + width]);
    own.values.extend_from_slice(&qkv[n_query + width..]);
    let shared = &prefix.rows[layer];
    let (n_prefix, image_first) = (prefix.asked.prefix.len(), prefix.asked.image_first);
    let n_seen = if hides_image { image_first } else { n_prefix };
    let n_own = own.keys.len() / width;
    let scale = 1.0 / (d as f32).sqrt();
    let share = 1.0 / heads.n_heads as f32;
    let (mut image, mut all) = (0.0, 0.0);
    if layer == 0 {
        sequence.map = [0.0; N_IMAGE];
    }
    let mut p = vec![0.0; n_seen + n_own];
    for head in 0..heads.n_heads {
        let column = head / (heads.n_heads / heads.n_kv_heads) * d;
        let q = &qkv[head * d..][..d];
        let keys = |key: usize| match key < n_seen {
            true => key * width + column,
            false => (key - n_seen) * width + column,
        };
        let mut max = f32::MIN;
        for (key, p) in p.iter_mut().enumerate() {
            let rows = if key < n_seen {
                &shared.keys
            } else {
                &own.keys
            };
            *p = kernels::gradients::simd::dot(q, &rows[keys(key)..][..d]) * scale;
            max = max.max(*p);
        }
        let mut sum = 0.0;
        for p in &mut p {
            *p = (*p - max).exp();
            sum += *p;
        }
        let context = &mut context[head * d..][..d];
        for (key, p) in p.iter_mut().enumerate() {
            *p /= sum;
            let rows = if key < n_seen {
                &shared.values
            } else {
                &own.values
            };
            for (context, value) in context.iter_mut().zip(&rows[keys(key)..][..d]) {
                *context += *p * value;
            }
        }
        for (key, p) in p.iter().enumerate().skip(image_first.min(n_seen)) {
            all += p * share;
            if key < n_seen {
                image += p * share;
                sequence.map[key - image_first] += p * share;
            }
        }
    }
    sequence.sums[layer] = [image, all];
}

/// The most likely token, or one drawn by probability.
fn choose(logits: &[f32], dice: Option<&mut Dice>) -> u32 {
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
    let best = best.unwrap_or(0);
    let Some(dice) = dice else { return best as u32 };
    let weights: Vec<f32> = logits
        .iter()
        .map(|logit| (logit - logits[best]).exp())
        .collect();
    let mut at = dice.real(0.0, 1.0) * weights.iter().sum::<f32>();
    for (id, weight) in weights.iter().enumerate() {
        at -= weight;
        if at < 0.0 {
            return id as u32;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use generate::{Target, open_folder};
    use scene::{SIDE_PX, Sample};
    use trace::{Ask, Event, ImageFile, Trace};

    use super::*;
    use crate::{run, seedling};

    /// The engine itself, token by token on the exact CPU kernels, is the judge of answers, shares and maps.
    #[test]
    fn many_answers_at_once_are_those_of_the_engine() -> Result<()> {
        let opened = run::open(seedling::shared(), &Device::flex().autodiff())?;
        let samples = [11, 12].map(|seed| Sample::from_seed(seed, 1..=9, None));
        let scenes = samples.clone().map(|sample| sample.scene);
        let forms = [Form::SemanticBack, Form::Plain, Form::Cot];
        let requests: Vec<Request> = (0..3)
            .map(|index| Request {
                scene: index % 2,
                question: samples[index % 2].question.text.clone(),
                form: forms[index],
                is_blind: false,
                seed: None,
            })
            .collect();
        let answers = answer_up_to(&opened.model, &opened.room, &scenes, &requests, 12)?;
        let target = Target::Cpu(Device::flex());
        let mut engine = futures_lite::future::block_on(open_folder(
            seedling::shared(),
            target,
            &mut |_, _| {},
        ))?;
        for (request, answer) in requests.iter().zip(&answers) {
            let mut png = std::io::Cursor::new(Vec::new());
            let side_px = SIDE_PX as u32;
            let rgb = scene::render(&scenes[request.scene]);
            let picture = image::RgbImage::from_raw(side_px, side_px, rgb).expect("its size");
            picture.write_to(&mut png, image::ImageFormat::Png)?;
            let ask = Ask {
                question: request.question.clone(),
                method: crate::lesson::method_name(request.form).to_owned(),
                images: vec![ImageFile {
                    name: "scene.png".to_owned(),
                    bytes: png.into_inner(),
                }],
                max_tokens: Some(12),
                ..Ask::default()
            };
            let mut told = Trace::new(trace::ModelInfo::default());
            let mut emit = |event: Event| {
                told.apply(&event);
            };
            futures_lite::future::block_on(engine.ask(&ask, &mut emit, &|| false))?;
            let ids: Vec<u32> = told.tokens.iter().map(|token| token.id).collect();
            assert_eq!(answer.ids, ids);
            for (index, token) in told.tokens.iter().enumerate() {
                let share = answer.image_shares[index];
                assert!(
                    (share - token.shares.image).abs() < 1e-4,
                    "{share} {token:?}"
                );
                let largest = answer.maps[index].iter().fold(0.0f32, |a, &b| a.max(b));
                assert!(
                    (largest - token.map_max).abs() < 1e-4,
                    "{largest} {}",
                    token.map_max
                );
            }
        }
        Ok(())
    }
}
