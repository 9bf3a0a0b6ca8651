//! One question to an OpenAI-compatible server: an answer, or what went wrong.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use super::answer::{self, Answer};
use super::retry::{Trouble, of_status, retry_after};
use super::sse;
use crate::error::{Error, Result};

/// How a server is reached.
#[derive(Debug, Clone)]
pub struct Server {
    /// The address: `http://host/v1`, or that of the chat completions itself.
    pub url: String,
    /// The key, if it asks for one.
    pub key: Option<Key>,
    /// Time to connect.
    pub connect: Duration,
    /// Time without a byte.
    pub silence: Duration,
    /// Time for all of an answer.
    pub total: Duration,
    /// The longest answer that is read, in bytes.
    pub longest: usize,
    /// Ask for a stream of events in place of one body.
    pub stream: bool,
}

impl Server {
    /// The server at `url` with the usual limits.
    pub fn new(url: &str) -> Server {
        Server {
            url: url.to_owned(),
            key: None,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(300),
            total: Duration::from_secs(1200),
            longest: 32 << 20,
            stream: false,
        }
    }
}

/// A key, which is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key that the environment variable `name` holds.
    ///
    /// # Errors
    /// A variable that is not set, is empty, or cannot stand in a header.
    pub fn from_env(name: &str) -> Result<Key> {
        let wrong =
            |what: &str| Error::usage(format!("--api-key-env: the variable `{name}` {what}"));
        let key = std::env::var(name).map_err(|_| wrong("is not set"))?;
        let key = key.trim().to_owned();
        if key.is_empty() || HeaderValue::from_str(&key).is_err() {
            return Err(wrong("holds no key"));
        }
        Ok(Key(key))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// A connection pool to one server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: reqwest::Url,
    longest: usize,
    stream: bool,
}

impl Client {
    /// Prepares to talk to `server`; nothing is sent yet.
    ///
    /// # Errors
    /// An address that is none, or holds a password.
    pub fn new(server: &Server) -> Result<Client> {
        let url = completions(&server.url)?;
        let mut headers = HeaderMap::new();
        if let Some(Key(key)) = &server.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| Error::usage("the key cannot stand in a header"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("heedful/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(server.connect)
            .read_timeout(server.silence)
            .timeout(server.total);
        if is_local(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|e| Error::usage(format!("http client: {e}")))?;
        Ok(Client { http, url, longest: server.longest, stream: server.stream })
    }

    /// Where it asks, for messages.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Asks once.
    ///
    /// # Errors
    /// What went wrong, and what to do about it.
    pub async fn ask(&self, body: &Value) -> std::result::Result<Answer, Trouble> {
        let mut body = body.clone();
        if let (true, Value::Object(body)) = (self.stream, &mut body) {
            body.insert("stream".to_owned(), true.into());
            body.insert("stream_options".to_owned(), serde_json::json!({"include_usage": true}));
        }
        let sent = self.http.post(self.url.clone()).json(&body).send().await;
        let mut response = sent.map_err(trouble)?;
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, now()));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(trouble)? {
            if bytes.len() + chunk.len() > self.longest {
                let limit = self.longest;
                return Err(Trouble::Give(format!("the answer is longer than {limit} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(of_status(status.as_u16(), &bytes, after));
        }
        let again = |problem| Trouble::Again(format!("the answer {problem}"), None);
        if self.stream && !bytes.trim_ascii_start().starts_with(b"{") {
            let body = sse::whole(&bytes).map_err(again)?;
            return answer::read(body.to_string().as_bytes()).map_err(again);
        }
        answer::read(&bytes).map_err(again)
    }
}

fn completions(text: &str) -> Result<reqwest::Url> {
    const PATH: &str = "/chat/completions";
    // The address may hold a password: it is not repeated before that is known.
    let wrong = |what: &str| Error::usage(format!("--endpoint: {what}"));
    let mut url = reqwest::Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("give the key by --api-key-env, not in the address"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&format!("{text}: expected an address of http:// or https://")));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if !path.ends_with(PATH) {
        url.set_path(&format!("{path}{PATH}"));
    }
    Ok(url)
}

fn is_local(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// What broke the connection is tried again; a request that cannot be made is not.
fn trouble(error: reqwest::Error) -> Trouble {
    let what = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "no answer in time",
        (_, true) => "cannot connect",
        _ => "the connection broke off",
    };
    let stop = error.is_builder();
    let error = error.without_url();
    let mut text = format!("{what}: {error}");
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    if stop { Trouble::Stop(text) } else { Trouble::Again(text, None) }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, url) in [
            ("http://localhost:8000/v1", "http://localhost:8000/v1/chat/completions"),
            ("http://[::1]:8000/v1/", "http://[::1]:8000/v1/chat/completions"),
            ("https://a.example", "https://a.example/chat/completions"),
            ("https://a.example/v1/chat/completions", "https://a.example/v1/chat/completions"),
            (
                "https://a.example/v1?api-version=2",
                "https://a.example/v1/chat/completions?api-version=2",
            ),
        ] {
            assert_eq!(completions(text).unwrap().as_str(), url);
        }
        for text in ["", "localhost:8000", "ftp://a.example", "ftp://me:secret@a.example"] {
            let error = completions(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(is_local(&completions("http://127.0.0.1:1").unwrap()));
        assert!(is_local(&completions("http://[::1]:1").unwrap()));
        assert!(!is_local(&completions("http://a.example").unwrap()));
    }

    #[test]
    fn a_key_is_not_printed() {
        let mut server = Server::new("http://a.example");
        server.key = Some(Key("sesame".to_owned()));
        assert!(!format!("{server:?}").contains("sesame"));
        assert!(!format!("{:?}", Client::new(&server).unwrap()).contains("sesame"));
        assert!(Key::from_env("HEEDFUL_NO_SUCH_VARIABLE").is_err());
    }
}
