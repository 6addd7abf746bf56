//! The built programs, run as a user runs them.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use tests::{Case, Tensors, built};

/// Where the model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// Plain Rust.
    Cpu,
    /// WGSL on whatever adapter there is, a software one included.
    Gpu,
}

impl Device {
    /// What the CPU's tolerances are multiplied with.
    pub fn tolerance_factor(self) -> f64 {
        match self {
            Device::Cpu => 1.0,
            Device::Gpu => 3.0,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        })
    }
}

/// The devices of `LOOKBACK_DEVICES`, or both.
pub fn devices() -> Result<Vec<Device>> {
    let Ok(names) = env::var("LOOKBACK_DEVICES") else {
        return Ok(vec![Device::Cpu, Device::Gpu]);
    };
    let device = |name: &str| match name.trim() {
        "cpu" => Ok(Device::Cpu),
        "gpu" => Ok(Device::Gpu),
        other => {
            bail!("LOOKBACK_DEVICES contains {other:?}, expected cpu, gpu or both with a comma")
        }
    };
    names.split(',').map(device).collect()
}

/// One run of `lookback ask`, greedy.
#[derive(Debug, Clone)]
pub struct Ask {
    pub model: PathBuf,
    pub images: Vec<PathBuf>,
    pub messages: Value,
    pub limits: [Option<u64>; 2],
    pub max_tokens: usize,
    pub device: Device,
    /// Where what adapters liked is kept, and what drivers compiled.
    pub cache: PathBuf,
}

/// What a run wrote.
#[derive(Debug)]
pub struct Answer {
    pub tensors: Tensors,
    pub trace: Trace,
}

/// The part of a trace file that has a reference.
#[derive(Debug, Deserialize)]
pub struct Trace {
    pub tokens: Vec<Token>,
}

#[derive(Debug, Deserialize)]
pub struct Token {
    pub shares: Shares,
}

#[derive(Debug, Deserialize)]
pub struct Shares {
    pub image: f32,
    pub question: f32,
    pub generated: f32,
}

/// A cache folder of the tests' own, which stays: lavapipe compiles for half a minute without one.
pub fn cache(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

impl Ask {
    /// The question of a case, for as many tokens as the reference generated.
    pub fn of_case(case: &Case, device: Device) -> Self {
        Self {
            model: case.model_dir(),
            images: case.image_files(),
            messages: case.messages.clone(),
            limits: [case.min_pixels, case.max_pixels],
            max_tokens: case.generated_ids.len(),
            device,
            cache: cache("parity"),
        }
    }

    /// Runs it in a folder of its own.
    pub fn run(&self) -> Result<Answer> {
        let folder = tempfile::tempdir()?;
        let [messages, tensors, trace] = ["messages.json", "tensors.safetensors", "trace.json"]
            .map(|name| folder.path().join(name));
        fs::write(&messages, self.messages.to_string())?;
        let mut command = Command::new(built("lookback")?);
        command.arg("ask").arg("--model").arg(&self.model);
        for image in &self.images {
            command.arg("--image").arg(image);
        }
        command.arg("--messages").arg(&messages);
        for (flag, limit) in ["--min-pixels", "--max-pixels"]
            .into_iter()
            .zip(self.limits)
        {
            if let Some(limit) = limit {
                command.arg(flag).arg(limit.to_string());
            }
        }
        command.env("XDG_CACHE_HOME", &self.cache);
        command.args(["--temperature", "0"]);
        command.arg("--max-tokens").arg(self.max_tokens.to_string());
        command.arg("--device").arg(self.device.to_string());
        command
            .arg("--tensors")
            .arg(&tensors)
            .arg("--trace")
            .arg(&trace);
        finish(command)?;
        Ok(Answer {
            tensors: Tensors::read(&tensors)?,
            trace: serde_json::from_slice(&fs::read(&trace)?)
                .context("the trace file is not as expected")?,
        })
    }
}

/// Runs `quantize`.
pub fn quantize(input: &Path, output: &Path, format: &str, group: u32) -> Result<()> {
    let mut command = Command::new(built("quantize")?);
    command.arg("--in").arg(input).arg("--out").arg(output);
    command.args(["--format", format, "--group", &group.to_string()]);
    finish(command)
}

fn finish(mut command: Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    bail!("{} from {command:?}: {}", output.status, message.trim())
}
