//! The page as static files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xtask::{folder, release};

use crate::steps::{Steps, run};
use crate::{tools, workspace};

/// Name of the files of the engine that runs where there is no GPU.
const CPU_ENGINE: &str = "worker_cpu";

/// What tells it from the engine for the GPU: see `kernels`.
pub const CPU_FLAGS: &str = "-C target-feature=+simd128";

const WASM: &str = "wasm32-unknown-unknown";

/// Builds the page and returns its folder.
///
/// # Errors
/// When a tool is missing and cannot be installed, or may not be, or the build fails.
pub fn build(steps: &mut Steps, install: bool) -> Result<PathBuf> {
    tools::ensure(steps, install)?;
    let folder = workspace::dist();
    steps.run(
        "the page: release build, about 9 minutes on two cores the first time, seconds after",
        || {
            // Trunk stays offline, which it hands on to cargo: the crates must be there before.
            run(Command::new("cargo")
                .arg("fetch")
                .current_dir(workspace::root()))?;
            run(&mut trunk(&folder)?)
        },
    )?;
    steps.run(
        "the engine for the processor: release build, about 4 minutes on two cores the first time",
        || {
            run(wasm_module("worker").env("RUSTFLAGS", CPU_FLAGS))?;
            run(&mut bind("worker", CPU_ENGINE, &folder)?)?;
            let loader = format!("import init from './{CPU_ENGINE}.js';await init();");
            std::fs::write(folder.join(format!("{CPU_ENGINE}_loader.js")), loader)?;
            release::seal(&folder).context("the list of the release's files was not written")
        },
    )?;
    Ok(folder)
}

/// Builds the page and the benchmark module and copies their files into `out`; other files there stay.
///
/// # Errors
/// When the build fails or `out` cannot be written.
pub fn write(steps: &mut Steps, out: &Path) -> Result<()> {
    let folder = build(steps, true)?;
    let n_files = folder::copy(&folder, out).context("the page was built but not written")?;
    build_bench(steps, out)?;
    println!(
        "\n{n_files} files in {}: serve them with any web server, from any path",
        out.display()
    );
    Ok(())
}

/// Builds the benchmark module into `folder`: `bench.mjs` and what it imports.
///
/// # Errors
/// When the build fails or `folder` cannot be written.
pub fn build_bench(steps: &mut Steps, folder: &Path) -> Result<()> {
    steps.run("the benchmark module: release build", || {
        run(&mut wasm_module("bench_page"))?;
        run(&mut bind("bench_page", "bench", folder)?)?;
        let source = workspace::root().join("web/bench/bench.mjs");
        std::fs::copy(source, folder.join("bench.mjs")).context("bench.mjs was not written")?;
        Ok(())
    })
}

fn trunk(folder: &Path) -> Result<Command> {
    let mut command = tools::command("trunk")?;
    command.args(["build", "--release", "--dist"]).arg(folder);
    command
        .env("TRUNK_OFFLINE", "true")
        .env("TRUNK_SKIP_VERSION_CHECK", "true");
    command.current_dir(workspace::root());
    Ok(command)
}

/// A wasm module that trunk does not build.
fn wasm_module(package: &str) -> Command {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--offline", "--target", WASM]);
    command
        .args(["--package", package])
        .current_dir(workspace::root());
    command
}

/// Gives a module its JavaScript, under another name.
fn bind(package: &str, name: &str, folder: &Path) -> Result<Command> {
    let module = workspace::target()
        .join(WASM)
        .join("release")
        .join(package)
        .with_extension("wasm");
    let mut command = tools::command("wasm-bindgen")?;
    command.args([
        "--target",
        "web",
        "--no-typescript",
        "--remove-name-section",
    ]);
    command
        .args(["--out-name", name, "--out-dir"])
        .arg(folder)
        .arg(module);
    Ok(command)
}
