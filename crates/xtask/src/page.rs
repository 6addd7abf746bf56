//! The page as static files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xtask::folder;

use crate::steps::{Steps, run};
use crate::{tools, workspace};

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
    Ok(folder)
}

/// Builds the page and copies its files into `out`; other files there stay.
///
/// # Errors
/// When the build fails or `out` cannot be written.
pub fn write(steps: &mut Steps, out: &Path) -> Result<()> {
    let folder = build(steps, true)?;
    let n_files = folder::copy(&folder, out).context("the page was built but not written")?;
    println!(
        "\n{n_files} files in {}: serve them with any web server, from any path",
        out.display()
    );
    Ok(())
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
