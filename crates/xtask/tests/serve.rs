//! The static file server, asked over a socket as a browser or an attacker would.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;

use tempfile::TempDir;
use xtask::serve::StaticServer;

type Outcome = Result<(), Box<dyn Error>>;

/// A server for `site/` below a folder that also holds a file which must stay hidden.
struct Fixture {
    server: StaticServer,
    folder: TempDir,
}

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

fn fixture(prefix: &str) -> Result<Fixture, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let site = folder.path().join("site");
    std::fs::create_dir_all(site.join("models/demo"))?;
    std::fs::write(site.join("index.html"), "<p>page")?;
    std::fs::write(site.join("worker.js"), "1")?;
    std::fs::write(site.join("a b.json"), "{}")?;
    std::fs::write(site.join("empty.bin"), "")?;
    std::fs::write(site.join("models/demo/shard.wasm"), large())?;
    std::fs::write(folder.path().join("secret.txt"), "secret")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("secret.txt"), site.join("link.txt"))?;
    let server = StaticServer::start(&site, prefix, "127.0.0.1", 0)?;
    Ok(Fixture { server, folder })
}

/// A megabyte that says of each byte where it stands.
fn large() -> Vec<u8> {
    (0..1_000_000u32)
        .map(|position| (position % 251) as u8)
        .collect()
}

impl Fixture {
    fn connect(&self) -> Result<TcpStream, Box<dyn Error>> {
        let url = self.server.url();
        let address = url
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap_or_default();
        Ok(TcpStream::connect(address)?)
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Result<Reply, Box<dyn Error>> {
        let mut stream = self.connect()?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n"
        )?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut body = Vec::new();
        reader.read_to_end(&mut body)?;
        Ok(Reply {
            status,
            headers,
            body,
        })
    }

    fn get(&self, path: &str) -> Result<Reply, Box<dyn Error>> {
        self.ask("GET", path, "")
    }
}

#[test]
fn files_have_their_media_type_and_length() -> Outcome {
    let site = fixture("/")?;
    for (path, media_type, length) in [
        ("/", "text/html; charset=utf-8", "7"),
        ("/index.html?cache=no", "text/html; charset=utf-8", "7"),
        ("/worker.js", "text/javascript; charset=utf-8", "1"),
        ("/a%20b.json", "application/json", "2"),
        ("/models/demo/shard.wasm", "application/wasm", "1000000"),
        ("/empty.bin", "application/octet-stream", "0"),
    ] {
        let reply = site.get(path)?;
        assert_eq!(
            (reply.status, reply.header("Content-Type")),
            (200, Some(media_type)),
            "{path}"
        );
        assert_eq!(reply.header("Content-Length"), Some(length), "{path}");
        assert_eq!(reply.body.len(), length.parse::<usize>()?, "{path}");
    }
    Ok(())
}

#[test]
fn nothing_asks_the_browser_to_isolate_the_page() -> Outcome {
    let reply = fixture("/")?.get("/")?;
    assert!(
        reply
            .headers
            .iter()
            .all(|(name, _)| !name.to_ascii_lowercase().starts_with("cross-origin"))
    );
    Ok(())
}

#[test]
fn head_gives_the_length_and_no_body() -> Outcome {
    let reply = fixture("/")?.ask("HEAD", "/models/demo/shard.wasm", "")?;
    assert_eq!(
        (reply.status, reply.header("Content-Length")),
        (200, Some("1000000"))
    );
    assert!(reply.body.is_empty());
    Ok(())
}

#[test]
fn ranges_give_exactly_their_bytes() -> Outcome {
    let site = fixture("/")?;
    let whole = large();
    for (range, content_range, expected) in [
        ("bytes=0-0", "bytes 0-0/1000000", &whole[..1]),
        (
            "bytes=999990-",
            "bytes 999990-999999/1000000",
            &whole[999_990..],
        ),
        (
            "bytes=-70000",
            "bytes 930000-999999/1000000",
            &whole[930_000..],
        ),
        (
            "bytes=1000-600999",
            "bytes 1000-600999/1000000",
            &whole[1_000..601_000],
        ),
    ] {
        let reply = site.ask(
            "GET",
            "/models/demo/shard.wasm",
            &format!("Range: {range}\r\n"),
        )?;
        assert_eq!(
            (reply.status, reply.header("Content-Range")),
            (206, Some(content_range))
        );
        assert_eq!(
            reply.header("Content-Length"),
            Some(expected.len().to_string().as_str())
        );
        assert!(reply.body == expected, "{range}");
    }
    let outside = site.ask("GET", "/worker.js", "Range: bytes=1-\r\n")?;
    assert_eq!(
        (outside.status, outside.header("Content-Range")),
        (416, Some("bytes */1"))
    );
    let conditional = site.ask(
        "GET",
        "/worker.js",
        "Range: bytes=0-0\r\nIf-Range: \"tag\"\r\n",
    )?;
    assert_eq!(conditional.status, 200);
    Ok(())
}

#[test]
fn no_path_leads_out_of_the_folder() -> Outcome {
    let site = fixture("/")?;
    let mut paths = vec![
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/models/../../secret.txt",
        "/models/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/hostname",
        "/%2fetc/hostname",
        "/index.html%00.txt",
        "/%ff",
        "/nothing",
    ];
    if cfg!(unix) {
        paths.push("/link.txt");
    }
    for path in paths {
        let reply = site.get(path)?;
        assert_eq!((reply.status, reply.body.len()), (404, 0), "{path}");
    }
    assert_eq!(site.ask("POST", "/", "Content-Length: 0\r\n")?.status, 405);
    Ok(())
}

#[test]
fn a_sub_path_is_the_whole_site() -> Outcome {
    let site = fixture("some/where")?;
    assert!(site.server.url().ends_with("/some/where/"));
    assert_eq!(site.get("/some/where/")?.body, b"<p>page");
    for (path, location) in [
        ("/some/where", "/some/where/"),
        ("/some/where/models/demo", "/some/where/models/demo/"),
    ] {
        let reply = site.get(path)?;
        assert_eq!(
            (reply.status, reply.header("Location")),
            (301, Some(location))
        );
    }
    for path in [
        "/",
        "/index.html",
        "/some/index.html",
        "/some/wherever/index.html",
    ] {
        assert_eq!(site.get(path)?.status, 404, "{path}");
    }
    Ok(())
}

#[test]
fn a_connection_that_waits_holds_up_no_other() -> Outcome {
    let site = fixture("/")?;
    // Asks for a megabyte and reads none of it, more often than any pool has threads.
    let mut waiting = Vec::new();
    for _ in 0..40 {
        let mut stream = site.connect()?;
        write!(
            stream,
            "GET /models/demo/shard.wasm HTTP/1.1\r\nHost: test\r\n\r\n"
        )?;
        waiting.push(stream);
    }
    let whole = large();
    thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    site.get("/models/demo/shard.wasm")
                        .is_ok_and(|reply| reply.body == whole)
                })
            })
            .collect();
        assert!(
            asking
                .into_iter()
                .all(|asked| asked.join().unwrap_or(false))
        );
    });
    Ok(())
}

#[test]
fn what_is_no_request_gets_no_answer_and_does_no_harm() -> Outcome {
    let site = fixture("/")?;
    // Silent, as a browser's connections in reserve are, until the test ends.
    let _silent: Vec<TcpStream> = (0..20).map(|_| site.connect()).collect::<Result<_, _>>()?;
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        &[b'a'; 40_000],
    ] {
        let mut stream = site.connect()?;
        // The server may have hung up before the last byte.
        let _ = stream
            .write_all(bytes)
            .and_then(|()| stream.shutdown(std::net::Shutdown::Write));
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        assert!(reply.is_empty(), "{reply:?}");
    }
    assert_eq!(site.get("/worker.js")?.body, b"1");
    Ok(())
}

#[test]
fn a_folder_or_port_that_cannot_be_had_is_named() -> Outcome {
    let site = fixture("/")?;
    let missing = site.folder.path().join("missing");
    let Err(error) = StaticServer::start(&missing, "/", "127.0.0.1", 0) else {
        panic!("no such folder")
    };
    assert!(error.to_string().contains("missing"), "{error}");

    let url = site.server.url();
    let port = url
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .ok_or("no port")?
        .parse()?;
    let Err(error) = StaticServer::start(site.folder.path(), "/", "127.0.0.1", port) else {
        panic!("one port, two servers")
    };
    assert!(error.to_string().contains("--port"), "{error}");
    Ok(())
}
