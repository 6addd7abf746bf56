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
    let kept = kept();
    let gpu = open_known_gpu(|adapter| words(&kept, adapter).to_owned()).await?;
    if words(&kept, &gpu.adapter) != tuning() {
        // A folder that cannot be written costs the next run a second.
        let _ = keep(&gpu);
    }
    Ok(gpu)
}

/// The same, whatever was kept: for who asks what is fastest now.
///
/// # Errors
/// [`Error::Gpu`] where there is none.
pub async fn try_gpu() -> Result<Gpu, Error> {
    let gpu = generate::open_gpu().await?;
    let _ = keep(&gpu);
    Ok(gpu)
}

fn kept() -> String {
    let text = file().and_then(|file| fs::read_to_string(file).ok());
    text.unwrap_or_default()
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

/// Puts the variants in use into the file, in the place of those that the adapter liked before. What other releases kept
/// goes.
fn keep(gpu: &Gpu) -> io::Result<()> {
    let file = file().ok_or(io::ErrorKind::NotFound)?;
    let own = key(&gpu.adapter);
    let release = format!("{RELEASE}\t");
    let kept = kept();
    let others = kept
        .lines()
        .filter(|line| line.starts_with(&release) && !line.starts_with(&own));
    let mut text: String = others.map(|line| format!("{line}\n")).collect();
    text += &format!("{own}{}\n", tuning());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Whoever reads it meanwhile finds all of it.
    let whole = file.with_extension(process::id().to_string());
    let is_kept = fs::write(&whole, text).and_then(|()| fs::rename(&whole, file));
    if is_kept.is_err() {
        let _ = fs::remove_file(whole);
    }
    is_kept
}
