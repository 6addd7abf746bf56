//! A static file server: what any plain web server does, with byte ranges and no special headers.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use percent_encoding::percent_decode_str;

use crate::byte_range::ByteRange;
use crate::http::{self, Request, Response};
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

/// A folder served over HTTP, each connection in a thread of its own, until the value is dropped.
pub struct StaticServer {
    accepting: Option<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    address: SocketAddr,
    prefix: String,
}

impl StaticServer {
    /// Serves `folder` at `http://host:port/prefix/`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the folder cannot be read or the address cannot be bound.
    pub fn start(folder: &Path, prefix: &str, host: &str, port: u16) -> Result<Self, ServeError> {
        Self::start_with(folder, prefix, host, port, Vec::new())
    }

    /// As [`StaticServer::start`], with further header fields on every file.
    ///
    /// # Errors
    /// As [`StaticServer::start`].
    pub fn start_with(
        folder: &Path,
        prefix: &str,
        host: &str,
        port: u16,
        fields: Vec<(&'static str, String)>,
    ) -> Result<Self, ServeError> {
        let site = Arc::new(Site::new(folder, prefix, fields)?);
        let prefix = site.prefix.clone();
        let (listener, address) = listen(host, port).map_err(|source| ServeError::Listen {
            address: format!("{host}:{port}"),
            source,
        })?;
        let closing = Arc::new(AtomicBool::new(false));
        let accepting = std::thread::spawn({
            let closing = Arc::clone(&closing);
            move || {
                for stream in listener
                    .incoming()
                    .take_while(|_| !closing.load(Ordering::SeqCst))
                {
                    let site = Arc::clone(&site);
                    std::thread::spawn(move || stream.and_then(|stream| site.answer(stream)));
                }
            }
        });
        Ok(Self {
            accepting: Some(accepting),
            closing,
            address,
            prefix,
        })
    }

    /// Where a browser finds the folder, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
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
        self.closing.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections; it sees that it is to end.
        let _ = TcpStream::connect(self.address);
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
    /// Sent with every file.
    fields: Vec<(&'static str, String)>,
}

/// What a request's path names.
enum Target {
    File(PathBuf),
    /// A folder asked for without its slash: relative links would miss.
    Redirect(String),
    Missing,
}

impl Site {
    fn new(
        folder: &Path,
        prefix: &str,
        fields: Vec<(&'static str, String)>,
    ) -> Result<Self, ServeError> {
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
        Ok(Self {
            folder,
            prefix,
            fields,
        })
    }

    /// A browser that went away is no fault of ours: nobody hears of the error.
    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let Some(request) = http::read(&mut stream)? else {
            return Ok(());
        };
        let response = match request.method.as_str() {
            "GET" | "HEAD" => self.respond(&request),
            _ => status(
                "405 Method Not Allowed",
                vec![("Allow", "GET, HEAD".to_owned())],
            ),
        };
        http::write(&mut stream, response, request.method == "HEAD")
    }

    fn respond(&self, request: &Request) -> Response {
        let missing = || status("404 Not Found", Vec::new());
        match self.target(&request.target) {
            Target::File(path) => match file_response(&path, request) {
                Ok(mut response) => {
                    response.fields.extend_from_slice(&self.fields);
                    response
                }
                Err(_) => missing(),
            },
            Target::Redirect(location) => {
                status("301 Moved Permanently", vec![("Location", location)])
            }
            Target::Missing => missing(),
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

fn file_response(path: &Path, request: &Request) -> io::Result<Response> {
    let mut file = File::open(path)?;
    let length_bytes = file.metadata()?.len();
    let mut fields = vec![
        ("Content-Type", media_type(path).to_owned()),
        ("Accept-Ranges", "bytes".to_owned()),
    ];
    let range = request.range.as_ref().map_or(ByteRange::Whole, |range| {
        ByteRange::parse(range, length_bytes)
    });
    let (status, n_bytes) = match range {
        ByteRange::Whole => ("200 OK", length_bytes),
        ByteRange::Part {
            first_byte,
            last_byte,
        } => {
            file.seek(SeekFrom::Start(first_byte))?;
            fields.push((
                "Content-Range",
                format!("bytes {first_byte}-{last_byte}/{length_bytes}"),
            ));
            ("206 Partial Content", last_byte - first_byte + 1)
        }
        ByteRange::Outside => {
            let size = format!("bytes */{length_bytes}");
            return Ok(self::status(
                "416 Range Not Satisfiable",
                vec![("Content-Range", size)],
            ));
        }
    };
    Ok(Response {
        status,
        fields,
        body: Some((file, n_bytes)),
    })
}

/// A response without a body.
fn status(status: &'static str, fields: Vec<(&'static str, String)>) -> Response {
    Response {
        status,
        fields,
        body: None,
    }
}
