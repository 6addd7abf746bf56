//! Where things lie.

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates
        .and_then(Path::parent)
        .map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Tools built for this project alone; CI keeps them outside the clone.
pub fn tools() -> PathBuf {
    std::env::var_os("LOOKBACK_TOOLS").map_or_else(|| root().join(".tools"), PathBuf::from)
}

/// The built page.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Our side of the side-by-side benchmark: `bench.mjs`, its module, the mini model.
pub fn bench() -> PathBuf {
    target().join("bench")
}

/// What cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
