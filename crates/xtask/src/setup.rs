//! What the tests need from the system: a browser, its driver, and Vulkan in software.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::{Steps, output, run};

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Something to install: what it is for, and its package on Debian and on Ubuntu.
#[derive(Debug, PartialEq)]
struct Need {
    purpose: &'static str,
    debian: &'static str,
    ubuntu: &'static str,
}

const BROWSER: Need = Need {
    purpose: "Chromium or Google Chrome",
    debian: "chromium",
    ubuntu: "chromium-browser",
};
const DRIVER: Need = Need {
    purpose: "chromedriver of the browser's version",
    debian: "chromium-driver",
    ubuntu: "chromium-chromedriver",
};
const VULKAN: Need = Need {
    purpose: "lavapipe, Mesa's Vulkan in software",
    debian: "mesa-vulkan-drivers",
    ubuntu: "mesa-vulkan-drivers",
};

/// Installs what is missing where that is allowed.
///
/// # Errors
/// When something stays missing; the message says what to install.
pub fn ensure(steps: &mut Steps, install: bool) -> Result<()> {
    let needs = missing();
    if needs.is_empty() {
        return Ok(());
    }
    let packages = packages(&needs, &os_release());
    if let (true, Some(packages), Some(apt_get)) = (install, &packages, apt_get()) {
        let name = format!("system packages: {}", packages.join(" "));
        steps.run(&name, || {
            run(Command::new(apt_get[0]).args(&apt_get[1..]).arg("update"))?;
            let arguments = ["install", "--yes", "--no-install-recommends"];
            run(Command::new(apt_get[0])
                .args(&apt_get[1..])
                .args(arguments)
                .args(packages))
        })?;
    }
    let needs = missing();
    if needs.is_empty() {
        return Ok(());
    }
    bail!(advice(&needs, packages.as_deref()))
}

/// Lavapipe's entry for the Vulkan loader.
pub fn lavapipe() -> Option<PathBuf> {
    let folders = [
        "/usr/share/vulkan/icd.d",
        "/usr/local/share/vulkan/icd.d",
        "/etc/vulkan/icd.d",
    ];
    let files = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    files.map(|file| file.path()).find(|path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("lvp_icd"))
    })
}

/// The entry of the SwiftShader that Debian's Chromium brings.
pub fn swiftshader() -> Option<PathBuf> {
    Some(PathBuf::from("/usr/lib/chromium/vk_swiftshader_icd.json")).filter(|path| path.is_file())
}

fn missing() -> Vec<Need> {
    let mut needs = Vec::new();
    if !BROWSERS.iter().any(|program| is_on_path(program)) {
        needs.push(BROWSER);
    }
    if !is_on_path("chromedriver") {
        needs.push(DRIVER);
    }
    if cfg!(target_os = "linux") && lavapipe().is_none() {
        needs.push(VULKAN);
    }
    needs
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|folder| folder.join(&name).is_file())
}

fn os_release() -> String {
    std::fs::read_to_string(Path::new("/etc/os-release")).unwrap_or_default()
}

/// The packages to install, or `None` on a system whose packages we do not know.
fn packages(needs: &[Need], os_release: &str) -> Option<Vec<&'static str>> {
    let family: Vec<&str> = os_release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .flat_map(|names| names.trim_matches('"').split_whitespace())
        .collect();
    if family.contains(&"ubuntu") {
        return Some(needs.iter().map(|need| need.ubuntu).collect());
    }
    family
        .contains(&"debian")
        .then(|| needs.iter().map(|need| need.debian).collect())
}

/// `apt-get` without a question to anyone, where this user may run it.
fn apt_get() -> Option<Vec<&'static str>> {
    if !is_on_path("apt-get") {
        return None;
    }
    let quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0") {
        return Some(quiet.to_vec());
    }
    output(Command::new("sudo").args(["-n", "true"]))?;
    Some([&["sudo", "-n"], quiet.as_slice()].concat())
}

fn advice(needs: &[Need], packages: Option<&[&str]>) -> String {
    let purposes: Vec<&str> = needs.iter().map(|need| need.purpose).collect();
    let purposes = purposes.join("; ");
    match packages {
        Some(packages) => {
            let packages = packages.join(" ");
            format!(
                "the tests need {purposes}: run `sudo apt-get install {packages}`, then `cargo xtask test` again"
            )
        }
        None => format!(
            "the tests need {purposes}: install them so that PATH finds them, then run `cargo xtask test` again"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{BROWSER, DRIVER, VULKAN, advice, packages};

    #[test]
    fn packages_go_by_the_systems_family() {
        let needs = [BROWSER, DRIVER, VULKAN];
        let debian = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
        let mint = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        assert_eq!(
            packages(&needs, debian),
            Some(vec!["chromium", "chromium-driver", "mesa-vulkan-drivers"])
        );
        assert_eq!(
            packages(&needs[..2], mint),
            Some(vec!["chromium-browser", "chromium-chromedriver"])
        );
        assert_eq!(packages(&needs, "ID=fedora\n"), None);
    }

    #[test]
    fn advice_names_the_command_where_it_is_known() {
        let known = advice(&[VULKAN], Some(&["mesa-vulkan-drivers"]));
        assert!(
            known.contains("`sudo apt-get install mesa-vulkan-drivers`"),
            "{known}"
        );
        assert!(advice(&[DRIVER], None).contains("chromedriver"));
    }
}
