//! The command-line tools that build the page, each in exactly one version: the user's where it fits,
//! else a prebuilt one where it can be had, else built from source into a folder of our own.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::steps::{Steps, output, run};
use crate::workspace;

/// The last version that builds with the pinned Rust.
const TRUNK_VERSION: &str = "0.21.14";

struct Tool {
    package: &'static str,
    program: &'static str,
    version: String,
    /// Further options of `cargo install`.
    options: &'static [&'static str],
    /// Optimisation of the tool itself: what pays within one build of the page.
    opt_level: &'static str,
    build_minutes: u32,
}

/// Makes the wasm target, trunk and wasm-bindgen ready.
///
/// # Errors
/// When something is missing and cannot be installed, or may not be.
pub fn ensure(steps: &mut Steps, install: bool) -> Result<()> {
    ensure_wasm_target(steps, install)?;
    ensure_tool(steps, install, &trunk())?;
    ensure_tool(steps, install, &wasm_bindgen()?)
}

/// Makes `cargo fmt` and `cargo clippy` ready.
///
/// # Errors
/// When one is missing and cannot be installed, or may not be.
pub fn ensure_components(steps: &mut Steps, install: bool) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if output(Command::new("cargo").args([subcommand, "--version"])).is_none() {
            rustup(steps, install, &["component", "add", component])?;
        }
    }
    Ok(())
}

/// A command for one of the tools, ours before the user's.
///
/// # Errors
/// When the folder of the tools cannot stand in `PATH`.
pub fn command(program: &str) -> Result<Command> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::iter::once(workspace::tools().join("bin")).chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(folders)
        .context("the folder of the tools has a separator of PATH in its name")?;
    let mut command = Command::new(program);
    // Trunk takes NO_COLOR=1 for a wrong flag.
    command.env("PATH", path).env_remove("NO_COLOR");
    Ok(command)
}

/// Without TLS and update check, which a build that never goes online needs not.
fn trunk() -> Tool {
    Tool {
        package: "trunk",
        program: "trunk",
        version: TRUNK_VERSION.to_owned(),
        options: &["--no-default-features"],
        opt_level: "0",
        build_minutes: 3,
    }
}

fn wasm_bindgen() -> Result<Tool> {
    Ok(Tool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version: locked_version("wasm-bindgen")?,
        options: &["--bin", "wasm-bindgen"],
        opt_level: "1",
        build_minutes: 2,
    })
}

fn ensure_wasm_target(steps: &mut Steps, install: bool) -> Result<()> {
    let target = "wasm32-unknown-unknown";
    let library =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", target]));
    if library.is_some_and(|folder| std::path::Path::new(folder.trim()).is_dir()) {
        return Ok(());
    }
    rustup(steps, install, &["target", "add", target])
}

fn rustup(steps: &mut Steps, install: bool, arguments: &[&str]) -> Result<()> {
    let line = format!("rustup {}", arguments.join(" "));
    if !install {
        bail!("the pinned Rust lacks a part: run `{line}` in the repository");
    }
    steps.run(&line, || {
        run(Command::new("rustup")
            .args(arguments)
            .current_dir(workspace::root()))
    })
}

fn ensure_tool(steps: &mut Steps, install: bool, tool: &Tool) -> Result<()> {
    if is_ready(tool)? {
        return Ok(());
    }
    let (package, version) = (tool.package, &tool.version);
    if !install {
        bail!(
            "{package} {version} is missing: run `cargo xtask demo` or `cargo install --locked {package}@{version}`"
        );
    }
    if output(Command::new("cargo").args(["binstall", "-V"])).is_some() {
        let name = format!("{package} {version}: a prebuilt one by cargo binstall");
        steps.run(&name, || {
            run(&mut binstall(tool)).or_else(|error| {
                println!("none can be had: {error:#}");
                Ok(())
            })
        })?;
    }
    if !is_ready(tool)? {
        let minutes = tool.build_minutes;
        let name =
            format!("{package} {version}: building it, about {minutes} minutes on two cores, once");
        steps.run(&name, || run(&mut cargo_install(tool)))?;
        // A gigabyte that nothing reads again; what stays of it does no harm.
        let _ = std::fs::remove_dir_all(workspace::tools().join("build"));
        if !is_ready(tool)? {
            bail!(
                "{package} {version} was installed in {} but does not run",
                workspace::tools().display()
            );
        }
    }
    Ok(())
}

fn is_ready(tool: &Tool) -> Result<bool> {
    let text = output(command(tool.program)?.arg("--version"));
    Ok(text.is_some_and(|text| text.split_whitespace().any(|word| word == tool.version)))
}

fn binstall(tool: &Tool) -> Command {
    let mut command = Command::new("cargo");
    command.args([
        "binstall",
        "--no-confirm",
        "--disable-strategies",
        "compile",
        "--root",
    ]);
    command
        .arg(workspace::tools())
        .arg(format!("{}@{}", tool.package, tool.version));
    command
}

/// A build that is quick to make: a tool that runs for seconds need not be fast.
fn cargo_install(tool: &Tool) -> Command {
    let tools = workspace::tools();
    let mut command = Command::new("cargo");
    command.args(["install", "--locked", "--version", &tool.version]);
    command
        .arg("--root")
        .arg(&tools)
        .arg("--target-dir")
        .arg(tools.join("build"));
    command.args(tool.options).arg(tool.package);
    for (setting, value) in [
        ("LTO", "off"),
        ("CODEGEN_UNITS", "16"),
        ("OPT_LEVEL", tool.opt_level),
        ("STRIP", "true"),
    ] {
        command.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    command
}

/// The version of `package` that Cargo.lock holds: the tool must be of the library's version.
fn locked_version(package: &str) -> Result<String> {
    let path = workspace::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    version_in(&lock, package)
        .with_context(|| format!("{} names no version of {package}", path.display()))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let (_, entry) = lock.split_once(&format!("\nname = \"{package}\"\nversion = \""))?;
    entry.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn version_comes_from_the_packages_own_entry() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"2.3.4\"\nsource = \"x\"\n";
        assert_eq!(version_in(lock, "a").as_deref(), Some("2.3.4"));
        assert_eq!(version_in(lock, "b"), None);
    }
}
