//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Makes the demo models.
#[derive(Parser)]
#[command(name = "train", version, about)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Write a scene as a picture and the truth about it
    Scene(SceneArgs),
    /// Write an untrained checkpoint with a vocabulary of its own
    Seedling(SeedlingArgs),
    /// Train on rendered traces; run it again to go on where it stopped
    Supervised(SupervisedArgs),
    /// Let the model answer and reward what is right; run it again to go on where it stopped
    Reinforce(ReinforceArgs),
    /// Measure a model on unseen scenes
    Evaluate(EvaluateArgs),
}

/// A scene.
#[derive(clap::Args)]
pub struct SceneArgs {
    /// Which one
    #[arg(long, value_name = "S")]
    pub seed: u64,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Family of its question: count, exists, color, shape, digit, position, compare, arithmetic [default: any]
    #[arg(long, value_name = "NAME", value_parser = parse_family)]
    pub family: Option<scene::Family>,
}

fn parse_family(name: &str) -> Result<scene::Family, String> {
    let known = scene::Family::ALL;
    let family = known.into_iter().find(|family| family.name() == name);
    family.ok_or_else(|| {
        format!(
            "families are {}",
            known.map(|family| family.name()).join(", ")
        )
    })
}

/// An untrained checkpoint.
#[derive(clap::Args)]
pub struct SeedlingArgs {
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Seed of the weights
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

/// What learns.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The vision tower, on what is in every cell
    Eyes,
    /// The language model, on the image features as they are
    Language,
    /// Both
    Joint,
}

/// A supervised stage.
#[derive(clap::Args)]
pub struct SupervisedArgs {
    /// What learns
    #[arg(long, value_enum)]
    pub stage: Stage,
    /// Folder to start from
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Folder of the run: weights, optimizer, curve
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Scenes in all
    #[arg(long, value_name = "N")]
    pub scenes: u64,
    /// Scenes in a step
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub batch: usize,
    /// Questions about each scene
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub questions: usize,
    /// Highest learning rate
    #[arg(long, value_name = "R", default_value_t = 1e-3)]
    pub rate: f64,
    /// Steps until it is reached
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub warm_up: u64,
    /// Weight decay
    #[arg(long, value_name = "R", default_value_t = 0.01)]
    pub weight_decay: f32,
    /// Share of the steps until scenes have up to nine objects
    #[arg(long, value_name = "R", default_value_t = 0.3)]
    pub grow: f64,
    /// Weights of plain, cot, semantic-back and solution-back answers
    #[arg(long, value_name = "W", num_args = 4, default_values_t = [1.0, 1.0, 4.0, 4.0])]
    pub forms: Vec<f64>,
    /// Share of looks back that are shown nothing
    #[arg(long, value_name = "R", default_value_t = 0.1)]
    pub blind: f64,
    /// Weight of the dense loss on the image tokens
    #[arg(long, value_name = "R", default_value_t = 0.3)]
    pub eyes: f32,
    /// Weight of looking at what is named
    #[arg(long, value_name = "R", default_value_t = 0.1)]
    pub look: f32,
    /// Weight of image attention outside the look back
    #[arg(long, value_name = "R", default_value_t = 0.2)]
    pub outside: f32,
    /// Seed of the scenes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Steps between lines of progress
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub every: u64,
    /// Steps between checkpoints
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub save_every: u64,
}

impl SupervisedArgs {
    /// What the model card says of the stage.
    pub fn summary(&self) -> serde_json::Value {
        let stage = self.stage.to_possible_value();
        serde_json::json!({
            "what": stage.map(|stage| stage.get_name().to_owned()),
            "scenes": self.scenes, "batch": self.batch, "questions": self.questions,
            "rate": self.rate, "warm_up": self.warm_up, "weight_decay": self.weight_decay,
            "grow": self.grow, "forms": self.forms, "blind": self.blind,
            "eyes": self.eyes, "look": self.look, "outside": self.outside, "seed": self.seed,
        })
    }

    /// In the order of `scene::Form::ALL`.
    pub fn form_weights(&self) -> [f64; 4] {
        std::array::from_fn(|index| self.forms[index])
    }
}

/// A measurement.
#[derive(clap::Args)]
pub struct EvaluateArgs {
    /// A Hugging Face folder or a Lookback folder
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Scenes of each family
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub scenes: u64,
    /// Which scenes
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Print the first answers of each family
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub show: usize,
    /// How to ask [default: the first method of the manifest, else semantic-back]
    #[arg(long, value_enum)]
    pub form: Option<FormArg>,
    /// Write the counts
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a model card
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// The folder of the last training run, for the card's recipe and its dense weights as a comparison
    #[arg(long, value_name = "DIR", requires = "card")]
    pub run: Option<PathBuf>,
    /// The same checkpoint in another storage, as a comparison
    #[arg(long, value_name = "DIR", requires = "card")]
    pub twin: Vec<PathBuf>,
}

/// A way of asking.
#[derive(Clone, Copy, ValueEnum)]
pub enum FormArg {
    /// The box alone
    Plain,
    /// A solution, then the box
    Cot,
    /// Checks key details in the middle
    SemanticBack,
    /// Checks a finished solution
    SolutionBack,
}

impl From<FormArg> for scene::Form {
    fn from(form: FormArg) -> scene::Form {
        match form {
            FormArg::Plain => scene::Form::Plain,
            FormArg::Cot => scene::Form::Cot,
            FormArg::SemanticBack => scene::Form::SemanticBack,
            FormArg::SolutionBack => scene::Form::SolutionBack,
        }
    }
}

/// Reinforcement.
#[derive(clap::Args)]
pub struct ReinforceArgs {
    /// Folder to start from
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Folder of the run: weights, optimizer, curve
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How to ask
    #[arg(long, value_enum)]
    pub form: FormArg,
    /// JSON file with the weights of the rewards
    #[arg(long, value_name = "FILE")]
    pub rewards: Option<PathBuf>,
    /// Steps in all
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub steps: u64,
    /// Questions in a step
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub batch: usize,
    /// Answers to each
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub group: usize,
    /// Learning rate
    #[arg(long, value_name = "R", default_value_t = 3e-5)]
    pub rate: f64,
    /// Seed of scenes and choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Steps between lines of progress
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub every: u64,
    /// Steps between checkpoints
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub save_every: u64,
}

impl ReinforceArgs {
    /// What the model card says of the stage.
    pub fn summary(&self, rewards: crate::reward::Weights) -> serde_json::Value {
        serde_json::json!({
            "questions": self.batch, "group": self.group, "rate": self.rate,
            "rewards": rewards, "seed": self.seed,
        })
    }
}
