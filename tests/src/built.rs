//! Where the built programs are.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// A program that was built into the same folder as the running test: `target/<profile>/`.
///
/// # Errors
/// It is not there.
pub fn built(name: &str) -> Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test
        .ancestors()
        .nth(2)
        .context("the test runs outside a target folder")?;
    let program = profile.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    bail!(
        "{} is not built; run `cargo build -p cli -p quantize` with the profile of this test, or `cargo xtask test`",
        program.display()
    )
}
