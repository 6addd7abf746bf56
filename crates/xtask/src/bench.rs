//! Measures the kernels: alone natively, or beside other engines in one browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{Steps, run};
use crate::{page, tools, workspace};

/// The kernels at the shapes of the published models, on this machine's GPU.
///
/// # Errors
/// When the build or a measurement fails.
pub fn alone(steps: &mut Steps) -> Result<()> {
    steps.run("the kernels and the decode loop", || {
        // With the whole workspace, as the demo models are made: fewer packages would mean a second build of Burn.
        let build = ["build", "--release", "--workspace", "--bin", "lookback"];
        run(Command::new("cargo")
            .args(build)
            .current_dir(workspace::root()))?;
        run(Command::new(workspace::target().join("release/lookback")).arg("bench"))
    })
}

/// The harness in `peers`, with us as one more contestant; `options` are the harness's.
///
/// # Errors
/// When something does not build, or the harness fails.
pub fn beside(steps: &mut Steps, peers: &Path, options: &[String]) -> Result<()> {
    let peers = peers
        .canonicalize()
        .with_context(|| format!("there is no folder {}", peers.display()))?;
    tools::ensure(steps, true)?;
    let folder = workspace::bench();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    page::build_bench(steps, &folder)?;
    steps.run("the harness's packages and models", || {
        run(Command::new("./setup.sh").current_dir(&peers))
    })?;
    steps.run("the harness's mini model, quantized by us", || {
        mini(&peers, &folder)
    })?;
    steps.run("the harness", || {
        run(Command::new("node")
            .arg("run.mjs")
            .args(["--add", "lookback=/own/bench.mjs", "--root"])
            .arg(format!("/own/={}/", folder.display()))
            .args(["--opts", r#"{"model":"/own/mini/"}"#, "--out"])
            .arg(folder.join("peers.json"))
            .args(options)
            .current_dir(&peers))
    })
}

/// The model whose weights the harness gives to every engine.
fn mini(peers: &Path, folder: &Path) -> Result<()> {
    // As the harness's set-up has it: where its environment does not say, beside other temporary files.
    let place = |variable: &str, name: &str| {
        std::env::var_os(variable).map_or_else(|| std::env::temp_dir().join(name), PathBuf::from)
    };
    let python = place("PEERS_VENV", "peers-venv").join("bin/python");
    let models = place("PEERS_MODELS", "peers-models");
    let checkpoint = folder.join("checkpoint");
    run(Command::new(python)
        .arg(workspace::root().join("web/bench/model.py"))
        .arg(peers)
        .arg(models.join("vl-mini"))
        .arg(&checkpoint))?;
    run(Command::new("cargo")
        .args(["run", "--release", "--package", "quantize", "--"])
        .args(["--format", "q4", "--group", "32", "--in"])
        .arg(&checkpoint)
        .arg("--out")
        .arg(folder.join("mini"))
        .current_dir(workspace::root()))
}
