//! Files of a model's folder over HTTP, piece by piece.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, RequestInit, Response};

use crate::port::scope;

/// Why a file did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer, or it broke off.
    #[error(
        "{url} did not arrive; check the network, and that its server lets this page read it, then try again"
    )]
    Unreachable {
        /// Address asked for.
        url: String,
        /// The browser's own words.
        detail: String,
    },
    /// An answer that is no file.
    #[error("{url} was not found (HTTP status {status}); check the address of the model's folder")]
    Missing {
        /// Address asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// A web page in place of the file, as some servers answer for what they lack.
    #[error("{url} is a web page, not a model's file; check the address of the model's folder")]
    WebPage {
        /// Address asked for.
        url: String,
    },
}

/// A file on its way.
pub struct Body {
    url: String,
    n_bytes: Option<u64>,
    reader: ReadableStreamDefaultReader,
}

impl Body {
    /// Asks for the file at `url`.
    pub async fn open(url: String, signal: &AbortSignal) -> Result<Self, FetchError> {
        let init = RequestInit::new();
        init.set_signal(Some(signal));
        let response = JsFuture::from(scope().fetch_with_str_and_init(&url, &init)).await;
        let response: Response = response
            .map_err(|error| FetchError::unreachable(&url, &error))?
            .unchecked_into();
        if !response.ok() {
            return Err(FetchError::Missing {
                status: response.status(),
                url,
            });
        }
        let header = |name: &str| response.headers().get(name).ok().flatten();
        let kind = header("content-type").unwrap_or_default();
        if kind.starts_with("text/html") {
            return Err(FetchError::WebPage { url });
        }
        let body = response
            .body()
            .ok_or_else(|| FetchError::unreachable(&url, &"empty answer".into()))?;
        Ok(Self {
            reader: body.get_reader().unchecked_into(),
            // The length of a compressed body is not that of the file.
            n_bytes: match header("content-encoding") {
                None => header("content-length").and_then(|length| length.parse().ok()),
                Some(_) => None,
            },
            url,
        })
    }

    /// Bytes of the file, where the server says so.
    pub fn n_bytes(&self) -> Option<u64> {
        self.n_bytes
    }

    /// The next piece, in the page's memory; `None` at the end.
    pub async fn next(&self) -> Result<Option<Uint8Array>, FetchError> {
        let broken = |error: JsValue| FetchError::unreachable(&self.url, &error);
        let piece = JsFuture::from(self.reader.read()).await.map_err(broken)?;
        if Reflect::get(&piece, &"done".into())
            .map_err(broken)?
            .is_truthy()
        {
            return Ok(None);
        }
        Ok(Some(
            Reflect::get(&piece, &"value".into())
                .map_err(broken)?
                .unchecked_into(),
        ))
    }

    /// The whole file; for the small ones.
    pub async fn bytes(&self) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            bytes.extend(piece.to_vec());
        }
        Ok(bytes)
    }
}

impl FetchError {
    /// `error` is what the browser says of `url`.
    pub fn unreachable(url: &str, error: &JsValue) -> Self {
        Self::Unreachable {
            url: url.to_owned(),
            detail: format!("{error:?}"),
        }
    }
}
