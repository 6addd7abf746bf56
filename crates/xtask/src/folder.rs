//! Folders of static files.

use std::io;
use std::path::Path;

/// Copies a folder's files, folders included, over those in `to`, and returns their number.
///
/// # Errors
/// At the first file that cannot be read or written, named in the message.
pub fn copy(from: &Path, to: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(to).map_err(|error| named(to, &error))?;
    let mut n_files = 0;
    for entry in std::fs::read_dir(from).map_err(|error| named(from, &error))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            n_files += copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(|error| named(&target, &error))?;
            n_files += 1;
        }
    }
    Ok(n_files)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use super::copy;

    #[test]
    fn copy_takes_folders_and_leaves_what_is_not_its_own() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("models/demo"))?;
        fs::write(from.join("index.html"), "new")?;
        fs::write(from.join("models/demo/manifest.json"), "{}")?;
        fs::create_dir_all(&to)?;
        fs::write(to.join("index.html"), "old")?;
        fs::write(to.join("own.txt"), "own")?;

        assert_eq!(copy(&from, &to)?, 2);
        assert_eq!(fs::read_to_string(to.join("index.html"))?, "new");
        assert_eq!(fs::read_to_string(to.join("own.txt"))?, "own");
        assert!(to.join("models/demo/manifest.json").is_file());
        Ok(())
    }
}
