//! What `cargo xtask` and the browser tests share: static files, and a server for them.

mod byte_range;
pub mod folder;
mod http;
mod media_type;
pub mod release;
pub mod serve;
