//! A release of the page: the list of its files, which its service worker holds every file against.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The file that carries the list; not itself in it, browsers look after it on their own.
const SERVICE_WORKER: &str = "service-worker.js";

/// What the line with the list begins with.
const LIST: &str = "const release = ";

/// Writes the list of all files in `folder` into its service worker, in place of an earlier one. The release's id
/// depends on nothing but the files.
///
/// # Errors
/// When a file cannot be read, or the service worker is not there.
pub fn seal(folder: &Path) -> io::Result<()> {
    let path = folder.join(SERVICE_WORKER);
    let script = std::fs::read_to_string(&path)?;
    let script = match script.split_once('\n') {
        Some((first, rest)) if first.starts_with(LIST) => rest,
        _ => &script,
    };
    let mut files = BTreeMap::new();
    list(folder, "", &mut files)?;
    files.remove(SERVICE_WORKER);
    // The worker's own code is part of the release: a new one keeps its files in a cache of its own.
    let everything = serde_json::json!({ "files": files, "script": sha256(script.as_bytes()) });
    let id = &sha256(everything.to_string().as_bytes())[..16];
    let release = serde_json::json!({ "id": id, "files": files });
    std::fs::write(path, format!("{LIST}{release};\n{script}"))
}

/// Adds the files below `folder` as `prefix/name` with their hashes.
fn list(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, sha256(&std::fs::read(entry.path())?));
        }
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use super::seal;

    #[test]
    fn a_changed_file_makes_another_release_and_nothing_else_does() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        fs::create_dir(path.join("models"))?;
        fs::write(path.join("models/a.bin"), "abc")?;
        fs::write(path.join("service-worker.js"), "// code\n")?;
        let sealed = || {
            seal(path)?;
            fs::read_to_string(path.join("service-worker.js"))
        };

        let first = sealed()?;
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(
            first.contains(&format!("\"models/a.bin\":\"{hash}\"")),
            "{first}"
        );
        assert!(first.starts_with("const release = {") && first.ends_with("};\n// code\n"));
        assert!(!first.contains("\"service-worker.js\""), "{first}");
        assert_eq!(sealed()?, first);

        fs::write(path.join("models/a.bin"), "abd")?;
        assert_ne!(sealed()?, first);
        Ok(())
    }
}
