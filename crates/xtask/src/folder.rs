//! Folders of static files.

use std::io;
use std::path::Path;

/// Copies a folder's files, folders included, over those in `to`, and returns their number. A folder that is its own
/// copy stays as it is.
///
/// # Errors
/// At the first file that cannot be read or written, named in the message; when `to` lies inside `from`.
pub fn copy(from: &Path, to: &Path) -> io::Result<usize> {
    let whole = |path: &Path| path.canonicalize().map_err(|error| named(path, &error));
    let whole_from = whole(from)?;
    std::fs::create_dir_all(to).map_err(|error| named(to, &error))?;
    let whole_to = whole(to)?;
    if whole_to != whole_from && whole_to.starts_with(&whole_from) {
        let inside = format!(
            "it lies inside {}; choose a folder beside it",
            from.display()
        );
        return Err(named(to, &io::Error::other(inside)));
    }
    copy_files(from, to, whole_from == whole_to)
}

fn copy_files(from: &Path, to: &Path, is_same: bool) -> io::Result<usize> {
    std::fs::create_dir_all(to).map_err(|error| named(to, &error))?;
    let mut n_files = 0;
    for entry in std::fs::read_dir(from).map_err(|error| named(from, &error))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            n_files += copy_files(&entry.path(), &target, is_same)?;
        } else {
            // Copied onto itself a file is emptied.
            if !is_same {
                std::fs::copy(entry.path(), &target).map_err(|error| named(&target, &error))?;
            }
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

    #[test]
    fn a_folder_survives_being_copied_onto_itself_and_is_not_copied_into_itself() -> io::Result<()>
    {
        let folder = tempfile::tempdir()?;
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("models"))?;
        fs::write(from.join("models/manifest.json"), "{}")?;
        assert_eq!(copy(&from, &from.join("models/.."))?, 1);
        assert_eq!(fs::read_to_string(from.join("models/manifest.json"))?, "{}");
        let inside = copy(&from, &from.join("models/copy"));
        assert!(inside.is_err_and(|error| error.to_string().contains("inside")));
        Ok(())
    }
}
