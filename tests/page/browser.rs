//! A headless Chromium, driven over the WebDriver protocol by chromedriver.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// WebGPU on a software adapter; nothing that Chromium does of its own accord.
const FLAGS: [&str; 7] = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Whether the browser offers a WebGPU adapter.
#[derive(Clone, Copy, PartialEq)]
pub enum WebGpu {
    /// SwiftShader, on any machine.
    Software,
    /// None: `navigator.gpu` finds no adapter.
    Missing,
}

/// One browser with one window; both end with the value.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// Address of the session, without a slash at the end.
    session: String,
    _profile: TempDir,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

impl Browser {
    /// Starts chromedriver and a browser with an empty profile; `script` runs before those of every page.
    pub fn start(webgpu: WebGpu, script: &str) -> Outcome<Self> {
        let (driver, port) = start_driver()?;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let profile = tempfile::tempdir()?;
        let mut browser = Self {
            driver,
            agent: config.into(),
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let opened = browser.post("", &capabilities(webgpu, browser._profile.path().display()))?;
        let id = opened["sessionId"]
            .as_str()
            .ok_or("chromedriver opened no session")?;
        browser.session = format!("{}/{id}", browser.session);
        browser.post(
            "/timeouts",
            &json!({ "script": 300_000, "pageLoad": 60_000 }),
        )?;
        browser.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": script }),
        )?;
        Ok(browser)
    }

    /// Opens an address and waits for its load event.
    pub fn open(&self, url: &str) -> Outcome<()> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Runs the body of an async function in the page; `arguments[0]` is `argument`.
    pub fn run(&self, body: &str, argument: Value) -> Outcome<Value> {
        let script = format!("return (async function () {{ {body} }}).apply(null, arguments)");
        self.post(
            "/execute/sync",
            &json!({ "script": script, "args": [argument] }),
        )
    }

    /// Messages of level SEVERE on the console since the last call, failed requests included.
    pub fn console_errors(&self) -> Outcome<Vec<String>> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }))?;
        let entries = entries.as_array().ok_or("the console is no list")?;
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        Ok(severe
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect())
    }

    /// Sends a command of the DevTools protocol.
    pub fn devtools(&self, command: &str, parameters: Value) -> Outcome<Value> {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Gives the window a size.
    pub fn resize(&self, width_px: u32, height_px: u32) -> Outcome<()> {
        let size = json!({ "width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .map(drop)
    }

    /// The whole page as a PNG, laid out for a window of this size.
    pub fn photograph(&self, width_px: u32, height_px: u32, theme: &str) -> Outcome<Vec<u8>> {
        self.resize(width_px, height_px)?;
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )?;
        // Two frames: one lays the page out anew, one paints it.
        let page_height_px = self.run(
            "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
             return document.documentElement.scrollHeight;",
            Value::Null,
        )?;
        let clip =
            json!({ "x": 0, "y": 0, "width": width_px, "height": page_height_px, "scale": 1 });
        let parameters = json!({ "captureBeyondViewport": true, "clip": clip });
        let shot = self.devtools("Page.captureScreenshot", parameters)?;
        Ok(STANDARD.decode(shot["data"].as_str().ok_or("no screenshot")?)?)
    }

    fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        let mut response = self
            .agent
            .post(format!("{}{path}", self.session))
            .send_json(body)?;
        let mut reply: Value = response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_json()?;
        if !response.status().is_success() {
            return Err(format!("{path}: {}", reply["value"]["message"]).into());
        }
        Ok(reply["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session ends the browser; a driver that is gone took it along.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Times that a driver is started: the port that it finds free on one address may be taken on the other.
const N_STARTS: usize = 5;

/// Chromedriver on a free port, which it tells on its standard output.
fn start_driver() -> Outcome<(Child, u16)> {
    for _ in 0..N_STARTS {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(driver.stdout.take().ok_or("no standard output")?).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.trim_end_matches('.')
                .split_once("successfully on port ")
                .map(|(_, port)| port.parse())
        });
        if let Some(port) = port {
            // A full pipe would stop it.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((driver, port?));
        }
        driver.wait()?;
    }
    Err("chromedriver named no port".into())
}

fn capabilities(webgpu: WebGpu, profile: impl std::fmt::Display) -> Value {
    let mut flags: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
    flags.push(format!("--user-data-dir={profile}"));
    match webgpu {
        WebGpu::Software => flags.extend(
            ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"].map(String::from),
        ),
        WebGpu::Missing => flags.push("--disable-gpu".to_owned()),
    }
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "args": flags },
        "goog:loggingPrefs": { "browser": "ALL" },
    } } })
}
