//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Ask a vision-language model and see where it looks.
#[derive(Parser)]
#[command(name = "lookback", version, about)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Answer one question; the answer streams to standard output, everything else goes to standard error
    Ask(Box<AskArgs>),
    /// Measure the kernels on this computer's GPU
    Bench(BenchArgs),
}

/// One question.
#[derive(clap::Args)]
pub struct AskArgs {
    /// A Hugging Face folder (config.json and safetensors) or a Lookback folder (manifest.json)
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// PNG, JPEG or WebP; more than one may follow
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub image: Vec<PathBuf>,
    /// What to ask
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present = "messages",
        conflicts_with = "messages"
    )]
    pub question: Option<String>,
    /// JSON list of messages with role and content, sent as it is instead of a question
    #[arg(long, value_name = "FILE", conflicts_with_all = ["method", "system"])]
    pub messages: Option<PathBuf>,
    /// plain, cot, semantic-back or solution-back [default: the model's own, else plain]
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// System message instead of the method's
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Most tokens to generate [default: 2048]
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u32>,
    /// 0 always takes the most likely token [default: the model's own]
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub temperature: Option<f32>,
    /// Keep the N most likely tokens [default: the model's own]
    #[arg(long, value_name = "N")]
    pub top_k: Option<u32>,
    /// Keep the smallest set of tokens with this probability [default: the model's own]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    pub top_p: Option<f32>,
    /// Above 1 discourages tokens that occurred before [default: the model's own]
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    pub repetition_penalty: Option<f32>,
    /// Seed of the choice
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Smallest image area after resizing, in pixels [default: the model's own]
    #[arg(long, value_name = "N")]
    pub min_pixels: Option<u64>,
    /// Largest image area after resizing, in pixels [default: the model's own]
    #[arg(long, value_name = "N")]
    pub max_pixels: Option<u64>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = DeviceArg::Gpu)]
    pub device: DeviceArg,
    /// Write the trace file (lookback-trace/1)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write every tensor of the answer as safetensors
    #[arg(long, value_name = "FILE")]
    pub tensors: Option<PathBuf>,
}

/// What to measure.
#[derive(clap::Args)]
pub struct BenchArgs {
    /// Only cases whose name holds this
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// The kernels' variants to use, in the words that this command prints, instead of the fastest
    #[arg(long, value_name = "VARIANTS")]
    pub variants: Option<String>,
}

/// Where to compute.
#[derive(Clone, Copy, ValueEnum)]
pub enum DeviceArg {
    /// The best GPU, a software one if there is no other
    Gpu,
    /// The processor, exactly and slowly
    Cpu,
}
