//! One request and one response of HTTP/1.1 on one connection.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// The longest head of a request that is read.
const HEAD_BYTES: usize = 16 << 10;

/// The most header fields of a request.
const N_FIELDS: usize = 64;

/// A client that neither sends nor takes anything for this long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// The parts of a request that a file server heeds.
pub struct Request {
    /// `GET`, `HEAD` or another.
    pub method: String,
    /// Path and query as sent, percent signs included.
    pub target: String,
    /// The `Range` field, unless `If-Range` makes it depend on a validator: we send none.
    pub range: Option<String>,
}

/// What is sent back; `Connection: close` is added to it.
pub struct Response {
    /// Status code and its words.
    pub status: &'static str,
    /// Header fields.
    pub fields: Vec<(&'static str, String)>,
    /// A file at its position, and how many bytes of it.
    pub body: Option<(File, u64)>,
}

/// Reads a request's head; `None` where the client left or sent no request.
///
/// # Errors
/// When the connection breaks.
pub fn read(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    while head.len() < HEAD_BYTES {
        let n_bytes = stream.read(&mut chunk)?;
        if n_bytes == 0 {
            return Ok(None);
        }
        head.extend_from_slice(&chunk[..n_bytes]);
        match parse(&head) {
            Ok(httparse::Status::Partial) => {}
            Ok(httparse::Status::Complete(request)) => return Ok(Some(request)),
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// Sends a response, without its body where only the head was asked for, and ends the connection.
///
/// # Errors
/// When the connection breaks.
pub fn write(stream: &mut TcpStream, response: Response, head_only: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {}\r\n", response.status);
    for (name, value) in &response.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let n_bytes = response.body.as_ref().map_or(0, |(_, n_bytes)| *n_bytes);
    head.push_str(&format!(
        "Content-Length: {n_bytes}\r\nConnection: close\r\n\r\n"
    ));
    stream.write_all(head.as_bytes())?;
    if let Some((file, n_bytes)) = response.body.filter(|_| !head_only) {
        io::copy(&mut file.take(n_bytes), stream)?;
    }
    // Closing with unread input, such as a body, would make the client discard the response.
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    io::copy(&mut stream.take(1 << 20), &mut io::sink()).map(drop)
}

fn parse(head: &[u8]) -> httparse::Result<Request> {
    let mut fields = [httparse::EMPTY_HEADER; N_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    if parsed.parse(head)?.is_partial() {
        return Ok(httparse::Status::Partial);
    }
    let field = |name: &str| {
        let mut fields = parsed.headers.iter();
        let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(field.value).ok().map(str::to_owned)
    };
    Ok(httparse::Status::Complete(Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        range: field("Range").filter(|_| field("If-Range").is_none()),
    }))
}
