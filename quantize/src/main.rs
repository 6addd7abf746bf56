//! `quantize`: turns a Hugging Face Qwen2.5-VL folder into a Lookback folder.

mod convert;
mod error;
mod folder;
mod progress;
mod report;
mod shards;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use weights::{Format, Manifest};

use crate::convert::Converter;
use crate::error::Error;
use crate::folder::Folder;
use crate::report::Report;
use crate::shards::ShardWriter;
use crate::source::Source;

const DEFAULT_GROUP: u32 = 64;

/// Turn a Hugging Face Qwen2.5-VL folder into a Lookback folder: packed weights in hashed chunks.
///
/// Norms and biases stay f32, and the patch embedding has at least 8 bits. The manifest is written last: a folder without
/// manifest.json is unfinished, and a second run takes it over.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Folder of the checkpoint: config.json, tokenizer.json, safetensors files
    #[arg(long = "in", value_name = "HF_DIR")]
    input: PathBuf,
    /// Folder to write: new, empty, or a Lookback folder to replace
    #[arg(long = "out", value_name = "DIR")]
    output: PathBuf,
    /// Number format of the matrices
    #[arg(long, value_enum, default_value_t = Bits::Q4)]
    format: Bits,
    /// Weights that share a scale and a minimum (q4, q8): 32, 64 or 128 [default: 64]
    ///
    /// A group costs 32 bits, so q4 takes 5.0, 4.5 or 4.25 bits per weight and q8 9.0, 8.5 or 8.25.
    /// With 64 the error of q4 is some 18 % below symmetric rounding in groups of 32, which takes the
    /// same 4.5 bits; 32 takes off another 13 to 22 %, for a download 11 % longer.
    #[arg(long, value_name = "N", value_parser = parse_group)]
    group: Option<u32>,
    /// Name of the model for people [default: the name of HF_DIR]
    #[arg(long)]
    name: Option<String>,
    /// Text to show with the model
    #[arg(long, value_name = "TEXT")]
    notice: Option<String>,
    /// Re-look method that the model was trained for; may be given several times
    #[arg(long = "method", value_name = "NAME")]
    methods: Vec<String>,
    /// Write sizes and the error of every tensor to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bits {
    /// 4 bits and a share of the group
    Q4,
    /// 8 bits and a share of the group
    Q8,
    /// Half precision
    F16,
    /// Single precision
    F32,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let format = checked_format(&args);
    match run(args, format) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("quantize: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args, format: Format) -> Result<Report, Error> {
    let source = Source::open(&args.input)?;
    let folder = Folder::prepare(&args.output, &args.input)?;
    let files = folder.copy_side_files(&args.input)?;
    let mut shards = ShardWriter::new(&args.output);
    let mut converter = Converter::new(&source, format);
    let tensors = converter.convert_all(&mut shards)?;
    let manifest = Manifest {
        format: Manifest::FORMAT.to_owned(),
        name: args
            .name
            .unwrap_or_else(|| folder::display_name(&args.input)),
        notice: args.notice,
        methods: args.methods,
        config: source.config.clone(),
        files,
        tensors,
        shards: shards.finish()?,
    };
    folder.finish(&manifest)?;
    let report = Report::new(&manifest, source.bytes(), converter.losses());
    if let Some(path) = &args.report {
        report.write(path)?;
    }
    Ok(report)
}

/// The format asked for; a group with a float format is wrong usage.
fn checked_format(args: &Args) -> Format {
    let group = args.group.unwrap_or(DEFAULT_GROUP);
    match args.format {
        Bits::Q4 => Format::Q4 { group },
        Bits::Q8 => Format::Q8 { group },
        Bits::F16 | Bits::F32 if args.group.is_some() => Args::command()
            .error(
                ErrorKind::ArgumentConflict,
                "--group belongs to --format q4 and q8; f16 and f32 have no groups",
            )
            .exit(),
        Bits::F16 => Format::F16,
        Bits::F32 => Format::F32,
    }
}

fn parse_group(text: &str) -> Result<u32, String> {
    let group = text.parse().ok().filter(|n| Format::GROUPS.contains(n));
    group.ok_or_else(|| "expected 32, 64 or 128".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        assert!(Format::GROUPS.contains(&DEFAULT_GROUP));
    }
}
