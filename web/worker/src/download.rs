//! A Lookback folder from HTTP to the GPU; never more of a shard in memory than one piece.

use generate::{Generator, Loader, Target};
use trace::Event;
use web_sys::{AbortController, AbortSignal};

use crate::fetch::{Body, FetchError};
use crate::mailbox::Mailbox;
use crate::port::{now_millis, post};

/// Milliseconds between two reports of progress.
const PROGRESS_MILLIS: f64 = 50.0;
/// Most bytes copied into the module at a time; browsers hand out pieces of any size.
const PIECE_BYTES: u32 = 1 << 20;

/// The largest model that the processor is asked to run.
const MOST_CPU_BYTES: u64 = 64_000_000;

/// Why a model did not load.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// A file did not arrive.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file is not what it should be, or the GPU cannot hold the model.
    #[error(transparent)]
    Engine(#[from] generate::Error),
    /// Without a GPU it would take minutes to answer.
    #[error(
        "this model has {} MB, and the processor alone answers with up to {} MB; load a smaller one, or open the page in a browser with WebGPU: Chrome or Edge 113, Firefox 141, Safari 26 or newer", total_bytes / 1_000_000, MOST_CPU_BYTES / 1_000_000
    )]
    TooLarge {
        /// Bytes of the model.
        total_bytes: u64,
    },
    /// The page changed its mind.
    #[error("loading was stopped; ask again to load the model")]
    Stopped,
}

impl DownloadError {
    /// Everything there is to report.
    pub fn detail(&self) -> String {
        format!("{self:?}")
    }

    /// Whether the engine is beyond use.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Engine(error) if error.fatal())
    }
}

/// Loads the folder at `url`, which ends in `/`; a stop ends it within one piece.
pub async fn download(
    url: &str,
    target: Target,
    mailbox: &Mailbox,
) -> Result<Generator, DownloadError> {
    let controller =
        AbortController::new().map_err(|error| FetchError::unreachable(url, &error))?;
    let signal = controller.signal();
    mailbox.set_download(Some(controller));
    let loaded = load(url, target, mailbox, &signal).await;
    mailbox.set_download(None);
    loaded
}

async fn load(
    url: &str,
    target: Target,
    mailbox: &Mailbox,
    signal: &AbortSignal,
) -> Result<Generator, DownloadError> {
    let manifest = Body::open(format!("{url}manifest.json"), signal)
        .await?
        .bytes()
        .await?;
    let is_cpu = matches!(target, Target::Cpu(_));
    let mut loader = Loader::new(&manifest, target)?;
    let total_bytes = loader.total_bytes();
    if is_cpu && total_bytes > MOST_CPU_BYTES {
        return Err(DownloadError::TooLarge { total_bytes });
    }
    for name in loader.files() {
        let bytes = Body::open(format!("{url}{name}"), signal)
            .await?
            .bytes()
            .await?;
        loader.add_file(&name, bytes)?;
    }
    let mut reported_millis = f64::MIN;
    for (index, (name, _)) in loader.shards().into_iter().enumerate() {
        let shard = Body::open(format!("{url}{name}"), signal).await?;
        if let Some(n_bytes) = shard.n_bytes() {
            loader.check_length(index, n_bytes)?;
        }
        while let Some(piece) = shard.next().await? {
            if mailbox.is_stopped() {
                return Err(DownloadError::Stopped);
            }
            push(&mut loader, &piece)?;
            if now_millis() - reported_millis >= PROGRESS_MILLIS {
                reported_millis = now_millis();
                report(&loader);
            }
        }
        loader.end_shard()?;
    }
    report(&loader);
    Ok(loader.finish().await?)
}

/// Copies a piece into the module, once, at most [`PIECE_BYTES`] at a time.
fn push(loader: &mut Loader, piece: &js_sys::Uint8Array) -> Result<(), generate::Error> {
    let n_bytes = piece.length();
    let mut start = 0;
    while start < n_bytes {
        let end = n_bytes.min(start + PIECE_BYTES);
        loader.push(&piece.subarray(start, end).to_vec())?;
        start = end;
    }
    Ok(())
}

fn report(loader: &Loader) {
    let (loaded_bytes, total_bytes) = (loader.loaded_bytes(), loader.total_bytes());
    post(&Event::Progress {
        loaded_bytes,
        total_bytes,
    });
}
