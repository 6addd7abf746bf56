//! Everything that judges the project, cheapest verdict first.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{Steps, run};
use crate::{page, setup, tools, workspace};

/// Installs what is missing, then runs format, lints, the page's build and every test.
///
/// # Errors
/// At the first step that fails.
pub fn all(steps: &mut Steps, install: bool) -> Result<()> {
    setup::ensure(steps, install)?;
    tools::ensure_components(steps, install)?;
    steps.run("format", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.run("lints, native", || {
        run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    let folder = page::build(steps, install)?;
    steps.run("lints, wasm32", || {
        let crates = [
            "clippy",
            "-p",
            "app",
            "-p",
            "worker",
            "--target",
            "wasm32-unknown-unknown",
        ];
        run(cargo(&crates).args(["--", "-D", "warnings"]))
    })?;
    steps.run("lints, wasm32 without a GPU", || {
        let crates = [
            "clippy",
            "-p",
            "worker",
            "--target",
            "wasm32-unknown-unknown",
        ];
        run(cargo(&crates)
            .args(["--", "-D", "warnings"])
            .env("RUSTFLAGS", page::CPU_FLAGS))
    })?;
    // The tests run the programs as their users do; with the tests, so that features resolve as below.
    steps.run("the programs and the tests: build", || {
        run(&mut cargo(&["build", "--workspace", "--bins", "--tests"]))
    })?;
    steps.run(
        "tests: units, parity, kernels on lavapipe, the page in Chromium",
        || {
            let mut command = cargo(&["test", "--workspace"]);
            command.env("LOOKBACK_DIST", &folder);
            run(on_adapter(&mut command, setup::lavapipe().as_deref()))
        },
    )?;
    let Some(swiftshader) = setup::swiftshader() else {
        println!(
            "\nNo SwiftShader beside the browser: the kernels ran on one software adapter only."
        );
        return Ok(());
    };
    steps.run("tests: kernels on SwiftShader", || {
        // With the whole workspace, as above: fewer packages would mean other features and a second build.
        run(on_adapter(
            &mut cargo(&[
                "test",
                "--workspace",
                "--test",
                "kernels",
                "--",
                // Faults in the kernels were noticed above.
                "--skip",
                "mutations",
            ]),
            Some(&swiftshader),
        ))
    })
}

/// Photographs the page in every state that its test reaches, into `out`.
///
/// # Errors
/// When something is missing, the page does not build, or its test fails.
pub fn shots(steps: &mut Steps, out: &Path) -> Result<()> {
    setup::ensure(steps, true)?;
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
    let out = out
        .canonicalize()
        .with_context(|| format!("cannot open {}", out.display()))?;
    let folder = page::build(steps, true)?;
    steps.run("the page in Chromium", || {
        let mut command = cargo(&["test", "--workspace", "--test", "page"]);
        run(command
            .env("LOOKBACK_DIST", &folder)
            .env("LOOKBACK_SHOTS", &out))
    })
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Makes the Vulkan loader offer one adapter only.
fn on_adapter<'a>(command: &'a mut Command, driver: Option<&Path>) -> &'a mut Command {
    match driver {
        Some(driver) => command
            .env("VK_ICD_FILENAMES", driver)
            .env("VK_DRIVER_FILES", driver),
        None => command,
    }
}
