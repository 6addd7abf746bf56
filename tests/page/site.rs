//! The built page on a sub-path, beside damaged copies of its model, in a browser of its own.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::folder;
use xtask::serve::StaticServer;

use crate::browser::{Browser, WebGpu};

/// Browsers side by side would take each other's cores, and long tasks are measured.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const OBSERVE: &str = include_str!("observe.js");
const SUB_PATH: &str = "some/where";

/// An open page whose element is defined and heard.
pub struct Site {
    /// The browser that shows it.
    pub browser: Browser,
    server: Option<StaticServer>,
    /// Its files.
    pub folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

impl Site {
    /// Opens the page; `None`, said on standard error, where it was not built.
    pub fn open(webgpu: WebGpu) -> Outcome<Option<Self>> {
        Self::open_at(webgpu, "", Vec::new())
    }

    /// Opens a page of the site, whose server sends these header fields with every file.
    pub fn open_at(
        webgpu: WebGpu,
        page: &str,
        fields: Vec<(&'static str, String)>,
    ) -> Outcome<Option<Self>> {
        let Some(dist) = std::env::var_os("LOOKBACK_DIST").map(PathBuf::from) else {
            // Written past the test's capture: a skipped test must be seen.
            writeln!(
                std::io::stderr(),
                "SKIPPED: the page is not built; `cargo xtask test` builds it and runs this test"
            )?;
            return Ok(None);
        };
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir()?;
        folder::copy(&dist, folder.path())?;
        damage(&folder.path().join("models"))?;
        let server = StaticServer::start_with(folder.path(), SUB_PATH, "127.0.0.1", 0, fields)?;
        let browser = Browser::start(webgpu, OBSERVE)?;
        let url = format!("{}{page}", server.url());
        let site = Self {
            browser,
            server: Some(server),
            folder,
            _turn: turn,
        };
        site.visit(&url)?;
        Ok(Some(site))
    }

    /// Opens any page and hears its first element.
    pub fn visit(&self, url: &str) -> Outcome<()> {
        self.browser.open(url)?;
        self.run(
            "await customElements.whenDefined('look-back');
             window.element = document.querySelector('look-back');
             window.part = (name) => element.shadowRoot.querySelector(`[data-testid=\"${name}\"]`);
             observe(element);",
            json!(null),
        )?;
        Ok(())
    }

    /// Where its server is; empty once that was stopped.
    pub fn url(&self) -> String {
        self.server
            .as_ref()
            .map(StaticServer::url)
            .unwrap_or_default()
    }

    /// From now on nothing arrives.
    pub fn stop_server(&mut self) {
        self.server = None;
    }

    /// Where its models lie on disk.
    pub fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    /// Runs the body of an async function in the page; `element` is the page's `<look-back>`.
    pub fn run(&self, body: &str, argument: Value) -> Outcome<Value> {
        self.browser.run(body, argument)
    }

    /// Runs a script in every engine's worker before its own.
    pub fn set_worker_prelude(&self, script: &str) -> Outcome<()> {
        self.run("window.workerPrelude = arguments[0]", json!(script))
            .map(drop)
    }

    /// Loads a model by its address relative to the page: `{ value }` or `{ error }`.
    pub fn load(&self, model: &str) -> Outcome<Value> {
        self.run(
            "return await settled(element.load(arguments[0]))",
            json!(model),
        )
    }

    /// Loads the model that the page itself names.
    pub fn load_own_model(&self) -> Outcome<Value> {
        self.run(
            "return await settled(element.load(element.getAttribute('model')))",
            json!(null),
        )
    }

    /// Asks about a picture by its address relative to the page: `{ value: trace }` or `{ error }`.
    pub fn ask(&self, image: &str, question: &str, n_tokens: u32) -> Outcome<Value> {
        let ask = json!({ "image": image, "question": question, "maxTokens": n_tokens, "seed": 1 });
        self.run("return await settled(element.ask(arguments[0]))", ask)
    }

    /// What `observe.js` kept since the last call.
    pub fn observed(&self) -> Outcome<Value> {
        self.run(
            // Long tasks are told with a delay.
            "await new Promise((done) => setTimeout(done, 100));
             const seen = structuredClone(observed);
             for (const list of Object.values(observed)) list.length = 0;
             return seen;",
            json!(null),
        )
    }

    /// Keeps photographs of this state where `cargo xtask shots` asked for them.
    pub fn photograph(&self, state: &str) -> Outcome<()> {
        let Some(folder) = std::env::var_os("LOOKBACK_SHOTS").map(PathBuf::from) else {
            return Ok(());
        };
        for (width_px, height_px) in [(360, 740), (768, 1024), (1280, 800), (2560, 1440)] {
            for theme in ["light", "dark"] {
                let png = self.browser.photograph(width_px, height_px, theme)?;
                fs::write(folder.join(format!("{state}-{width_px}-{theme}.png")), png)?;
            }
        }
        self.browser
            .devtools("Emulation.clearDeviceMetricsOverride", json!({}))?;
        Ok(())
    }
}

/// The trace that `lookback ask` writes for the page's own model, on the CPU.
pub fn native_trace(image: &str, question: &str, n_tokens: u32) -> Outcome<Value> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace.json");
    let status = Command::new(tests::built("lookback")?)
        .args([
            "ask",
            "--device",
            "cpu",
            "--seed",
            "1",
            "--question",
            question,
        ])
        .args(["--max-tokens", &n_tokens.to_string()])
        .arg("--model")
        .arg(web.join("models/demo"))
        .arg("--image")
        .arg(web.join(image))
        .arg("--trace")
        .arg(&trace)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("lookback ask failed".into());
    }
    Ok(serde_json::from_slice(&fs::read(trace)?)?)
}

/// Beside `demo`: `flipped` with one bit changed in its largest file, `cut` with half of it missing,
/// `foreign` with a manifest that is no JSON.
fn damage(models: &Path) -> Outcome<()> {
    let demo = models.join("demo");
    if !demo.is_dir() {
        return Ok(());
    }
    for name in ["flipped", "cut", "foreign"] {
        folder::copy(&demo, &models.join(name))?;
    }
    let shard = largest_file(&demo)?;
    let mut bytes = fs::read(demo.join(&shard))?;
    fs::write(models.join("cut").join(&shard), &bytes[..bytes.len() / 2])?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(models.join("flipped").join(&shard), &bytes)?;
    fs::write(models.join("foreign/manifest.json"), "<!doctype html>")?;
    Ok(())
}

/// Path of the largest file inside a folder, relative to it.
fn largest_file(folder: &Path) -> Outcome<PathBuf> {
    let mut largest = (0, PathBuf::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let length_bytes = entry.metadata()?.len();
        if entry.file_type()?.is_file() && length_bytes > largest.0 {
            largest = (length_bytes, PathBuf::from(entry.file_name()));
        }
    }
    Ok(largest.1)
}
