//! Running `quantize`.

use std::path::Path;
use std::process::{Command, Output};

/// Runs `quantize --in INPUT --out OUTPUT` with further arguments.
pub fn quantize(input: &Path, output: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quantize"))
        .arg("--in")
        .arg(input)
        .arg("--out")
        .arg(output)
        .args(more)
        .output()
        .expect("the program runs")
}

/// Runs it and expects success.
pub fn quantized(input: &Path, output: &Path, more: &[&str]) {
    let run = quantize(input, output, more);
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {stderr}", input.display());
}

/// Runs it and expects exit code 1 with one line; returns the line.
pub fn refused(input: &Path, output: &Path) -> String {
    let run = quantize(input, output, &[]);
    let stderr = String::from_utf8(run.stderr).expect("text");
    assert_eq!(run.status.code(), Some(1), "{stderr}");
    let line = stderr.lines().last().expect("a line").to_owned();
    assert!(line.starts_with("quantize: "), "{line}");
    line
}
