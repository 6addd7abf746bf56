//! A static file server: what any plain web server does, with byte ranges and no special headers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use percent_encoding::percent_decode_str;
use tiny_http::{Header, Method, Request, Response, ResponseBox};

use crate::byte_range::ByteRange;
use crate::media_type::media_type;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder to serve cannot be opened.
    #[error("cannot serve {}, expected a folder of static files: {source}", folder.display())]
    Folder {
        /// The folder asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The address is taken, not ours, or not an address.
    #[error("cannot listen on {address}: {source}; choose another port with --port")]
    Listen {
        /// Host and port asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A folder served over HTTP, each request in a thread of its own, until the value is dropped.
pub struct StaticServer {
    server: Arc<tiny_http::Server>,
    accepting: Option<JoinHandle<()>>,
    address: SocketAddr,
    site: Arc<Site>,
}

impl StaticServer {
    /// Serves `folder` at `http://host:port/prefix/`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the folder cannot be read or the address cannot be bound.
    pub fn start(folder: &Path, prefix: &str, host: &str, port: u16) -> Result<Self, ServeError> {
        let site = Arc::new(Site::new(folder, prefix)?);
        let (listener, address) = listen(host, port).map_err(|source| ServeError::Listen {
            address: format!("{host}:{port}"),
            source,
        })?;
        let server = tiny_http::Server::from_listener(listener, None)
            .map(Arc::new)
            .map_err(|source| ServeError::Listen {
                address: format!("{host}:{port}"),
                source: io::Error::other(source),
            })?;
        let accepting = std::thread::spawn({
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            move || {
                for request in server.incoming_requests() {
                    let site = Arc::clone(&site);
                    std::thread::spawn(move || site.answer(request));
                }
            }
        });
        Ok(Self {
            server,
            accepting: Some(accepting),
            address,
            site,
        })
    }

    /// Where a browser finds the folder, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.site.prefix)
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(accepting) = self.accepting.take() {
            // The thread has no result; it ends only with the process.
            let _ = accepting.join();
        }
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn listen(host: &str, port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let listener = TcpListener::bind(addresses.as_slice())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The folder and the path that it is mounted at.
struct Site {
    /// Canonical, so that links out of it can be told.
    folder: PathBuf,
    /// Starts and ends with a slash.
    prefix: String,
}

/// What a request's path names.
enum Target {
    File(PathBuf),
    /// A folder asked for without its slash: relative links would miss.
    Redirect(String),
    Missing,
}

impl Site {
    fn new(folder: &Path, prefix: &str) -> Result<Self, ServeError> {
        let canonical = folder
            .canonicalize()
            .and_then(|folder| std::fs::read_dir(&folder).map(|_| folder));
        let folder = canonical.map_err(|source| ServeError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() {
            "/".to_owned()
        } else {
            format!("/{prefix}/")
        };
        Ok(Self { folder, prefix })
    }

    fn answer(&self, request: Request) {
        let response = match request.method() {
            Method::Get | Method::Head => self.respond(&request),
            _ => status(405, [("Allow", "GET, HEAD")]),
        };
        // A browser that went away is no fault of ours.
        let _ = request.respond(response);
    }

    fn respond(&self, request: &Request) -> ResponseBox {
        match self.target(request.url()) {
            Target::File(path) => file_response(&path, request).unwrap_or_else(|_| status(404, [])),
            Target::Redirect(location) => status(301, [("Location", &location)]),
            Target::Missing => status(404, []),
        }
    }

    fn target(&self, url: &str) -> Target {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        if format!("{path}/") == self.prefix {
            return Target::Redirect(self.prefix.clone());
        }
        let Some(inside) = path.strip_prefix(&self.prefix).and_then(relative_path) else {
            return Target::Missing;
        };
        let Ok(found) = self.folder.join(inside).canonicalize() else {
            return Target::Missing;
        };
        if !found.starts_with(&self.folder) {
            return Target::Missing;
        }
        if !found.is_dir() {
            return Target::File(found);
        }
        if path.ends_with('/') {
            Target::File(found.join("index.html"))
        } else {
            Target::Redirect(format!("{path}/"))
        }
    }
}

/// The decoded path, if every part of it is a plain name: no `..`, root, drive, backslash or NUL.
fn relative_path(encoded: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    if decoded.contains(['\\', '\0']) {
        return None;
    }
    let path = PathBuf::from(decoded.as_ref());
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
        .then_some(path)
}

fn file_response(path: &Path, request: &Request) -> io::Result<ResponseBox> {
    let mut file = File::open(path)?;
    let length_bytes = file.metadata()?.len();
    let (code, first_byte, n_bytes, content_range) = match range_of(request, length_bytes) {
        ByteRange::Whole => (200, 0, length_bytes, String::new()),
        ByteRange::Part {
            first_byte,
            last_byte,
        } => (
            206,
            first_byte,
            last_byte - first_byte + 1,
            format!("bytes {first_byte}-{last_byte}/{length_bytes}"),
        ),
        ByteRange::Outside => {
            return Ok(status(
                416,
                [("Content-Range", &format!("bytes */{length_bytes}"))],
            ));
        }
    };
    let mut fields = headers([
        ("Content-Type", media_type(path)),
        ("Accept-Ranges", "bytes"),
    ]);
    if code == 206 {
        fields.extend(headers([("Content-Range", &content_range)]));
    }
    file.seek(SeekFrom::Start(first_byte))?;
    let data_length = usize::try_from(n_bytes).map_err(io::Error::other)?;
    let response = Response::new(
        code.into(),
        fields,
        file.take(n_bytes),
        Some(data_length),
        None,
    );
    // A Content-Length for every size: the page shows progress in bytes.
    Ok(response.with_chunked_threshold(usize::MAX).boxed())
}

/// `If-Range` asks for the whole file when a validator differs; we send none, so none agrees.
fn range_of(request: &Request, length_bytes: u64) -> ByteRange {
    let value = |name: &'static str| {
        request
            .headers()
            .iter()
            .find(|header| header.field.equiv(name))
            .map(|header| header.value.as_str())
    };
    match (value("Range"), value("If-Range")) {
        (Some(range), None) => ByteRange::parse(range, length_bytes),
        _ => ByteRange::Whole,
    }
}

/// A response without a body.
fn status<const N: usize>(code: u16, fields: [(&str, &str); N]) -> ResponseBox {
    Response::new(code.into(), headers(fields), io::empty(), Some(0), None).boxed()
}

/// A field that HTTP cannot carry is left out; those here are ASCII.
fn headers<const N: usize>(fields: [(&str, &str); N]) -> Vec<Header> {
    fields
        .into_iter()
        .filter_map(|(name, value)| Header::from_bytes(name, value).ok())
        .collect()
}
