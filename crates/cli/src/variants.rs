//! Which variants of the kernels each adapter liked, kept between runs: a line per adapter, in the user's cache folder.

use std::{fs, io, path::PathBuf, process};

use generate::{Error, Gpu, open_known_gpu, tuning};

/// What is kept is of this release; another one has other kernels.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Opens the GPU with the variants that it liked in an earlier run, else tries them and keeps its choice.
///
/// # Errors
/// [`Error::Gpu`] where there is none.
pub async fn open_gpu() -> Result<Gpu, Error> {
    let file = file();
    let kept = file.as_ref().and_then(|file| fs::read_to_string(file).ok());
    let kept = kept.unwrap_or_default();
    let gpu = open_known_gpu(|adapter| words(&kept, adapter).to_owned()).await?;
    if words(&kept, &gpu.adapter) != tuning() {
        // A folder that cannot be written costs the next run a second.
        let _ = keep(&kept, &gpu);
    }
    Ok(gpu)
}

/// The same, whatever was kept: for who asks what is fastest now.
///
/// # Errors
/// [`Error::Gpu`] where there is none.
pub async fn try_gpu() -> Result<Gpu, Error> {
    let gpu = open_known_gpu(|_| String::new()).await?;
    let kept = file().and_then(|file| fs::read_to_string(file).ok());
    let _ = keep(&kept.unwrap_or_default(), &gpu);
    Ok(gpu)
}

fn file() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("lookback").join("variants"))
}

/// What a line of this release and adapter begins with.
fn key(adapter: &str) -> String {
    format!("{RELEASE}\t{adapter}\t")
}

/// Those of an adapter; nothing where there are none.
fn words<'a>(kept: &'a str, adapter: &str) -> &'a str {
    let key = key(adapter);
    let mut lines = kept.lines();
    lines
        .find_map(|line| line.strip_prefix(&key))
        .unwrap_or_default()
}

/// Puts the variants in use into the file, in the place of those that the adapter liked before.
fn keep(kept: &str, gpu: &Gpu) -> io::Result<()> {
    let file = file().ok_or(io::ErrorKind::NotFound)?;
    let key = key(&gpu.adapter);
    let others = kept.lines().filter(|line| !line.starts_with(&key));
    let mut text: String = others.map(|line| format!("{line}\n")).collect();
    text += &format!("{key}{}\n", tuning());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Whoever reads it meanwhile finds all of it.
    let whole = file.with_extension(process::id().to_string());
    fs::write(&whole, text)?;
    fs::rename(whole, file)
}
