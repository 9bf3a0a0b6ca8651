//! Folders from the Hugging Face hub: its documented listing and `resolve` addresses over HTTP.
//!
//! The crate `hf-hub` brings a second HTTP stack and a storage client of some hundred crates for
//! what is one listing and a few files; these are that.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use reqwest::header::RANGE;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use super::Watch;
use crate::error::{Error, Result};
use crate::safetensors::{INDEX, SINGLE};

/// The hub's own address.
const ENDPOINT: &str = "https://huggingface.co";
/// Files that are taken where they are there.
const TEXTS: [&str; 7] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
];
/// Names the commit that a folder's files are of, until all are there.
const COMMIT: &str = ".commit";
/// Bytes of a listing.
const LISTING: usize = 32 << 20;
/// How often a file is taken up again.
const TRIES: u32 = 4;
/// How long a connection, or the next bytes, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A hub. It cannot be printed, since it may hold a token.
#[derive(Clone)]
pub struct Hub {
    endpoint: String,
    token: Option<String>,
}

/// Why a file did not come.
enum Stop {
    /// It may come when asked again.
    Again(String),
    /// It will not.
    Never(Error),
}

/// What became of one try.
type Answer<T> = std::result::Result<T, Stop>;

/// A connection that failed may not fail again.
fn broken(error: reqwest::Error) -> Stop {
    Stop::Again(chain(&error))
}

impl Hub {
    /// The hub of `HF_ENDPOINT`, else Hugging Face's, with the token of `HF_TOKEN` if there is one.
    pub fn from_environment() -> Hub {
        let set = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
        Hub::new(set("HF_ENDPOINT").as_deref().unwrap_or(ENDPOINT), set("HF_TOKEN"))
    }

    /// A hub at an address.
    pub fn new(endpoint: &str, token: Option<String>) -> Hub {
        Hub { endpoint: endpoint.trim_end_matches('/').to_owned(), token }
    }

    /// Fetches a model's files into a folder; files that are whole already are not asked for.
    pub(super) fn fetch(&self, name: &str, folder: &Path, watch: Watch<'_>) -> Result<()> {
        let (model, revision) = name.split_once('@').unwrap_or((name, "main"));
        let client = Client::builder()
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .user_agent(concat!("heedful/", env!("CARGO_PKG_VERSION")))
            .build();
        let client =
            client.map_err(|error| Error::argument(format!("{name}: {}", chain(&error))))?;
        let from = From { hub: self, client, model };
        // One file after the other, on this thread.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::io(folder, source))?;
        runtime.block_on(from.files(revision, folder, watch))
    }
}

/// A model on a hub, with a client.
struct From<'a> {
    hub: &'a Hub,
    client: Client,
    model: &'a str,
}

impl From<'_> {
    async fn files(&self, revision: &str, folder: &Path, watch: Watch<'_>) -> Result<()> {
        let (commit, files) = self.listing(revision).await?;
        let has = |file: &str| files.iter().any(|known| known == file);
        let lacks = |what: String| {
            let (model, place) = (self.model, &self.hub.endpoint);
            Err(Error::argument(format!("{model}: has {what} on {place}")))
        };
        for file in ["config.json", "tokenizer.json"] {
            if !has(file) {
                return lacks(format!("no {file}"));
            }
        }
        one_commit(folder, &commit)?;
        for file in TEXTS.into_iter().filter(|file| has(file)) {
            self.file(&commit, file, folder, watch).await?;
        }
        if has(SINGLE) {
            self.file(&commit, SINGLE, folder, watch).await?;
        } else if has(INDEX) {
            self.file(&commit, INDEX, folder, watch).await?;
            for shard in crate::safetensors::shard_names(&folder.join(INDEX))? {
                self.file(&commit, &shard, folder, watch).await?;
            }
        } else {
            return lacks(format!("neither {SINGLE} nor {INDEX}"));
        }
        let mark = folder.join(COMMIT);
        std::fs::remove_file(&mark).map_err(|source| Error::io(&mark, source))
    }

    async fn get(&self, address: &str, from: u64) -> Answer<Response> {
        let mut request = self.client.get(address);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        if let Some(token) = &self.hub.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.map_err(broken)?;
        let status = answer.status();
        if status.is_success() || (status == StatusCode::RANGE_NOT_SATISFIABLE && from > 0) {
            return Ok(answer);
        }
        let said = format!("{address}: the hub says {status}");
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Stop::Again(said));
        }
        let hint = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => " (HF_TOKEN gives a token)",
            _ => "",
        };
        Err(Stop::Never(Error::argument(said + hint)))
    }

    /// Asks until it comes, a few times.
    async fn again<T>(&self, mut once: impl AsyncFnMut() -> Answer<T>) -> Result<T> {
        let mut pause = Duration::from_millis(100);
        let mut last = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 4;
            }
            match once().await {
                Ok(done) => return Ok(done),
                Err(Stop::Never(error)) => return Err(error),
                Err(Stop::Again(said)) => last = said,
            }
        }
        let (model, place) = (self.model, &self.hub.endpoint);
        let hint = "is there a network? a folder or GGUF file by its path needs none";
        Err(Error::argument(format!("{model}: not fetched from {place}: {last} ({hint})")))
    }

    /// The commit behind a revision, and its files.
    async fn listing(&self, revision: &str) -> Result<(String, Vec<String>)> {
        let address =
            format!("{}/api/models/{}/revision/{revision}", self.hub.endpoint, self.model);
        let once = async || {
            let mut answer = self.get(&address, 0).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(broken)? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > LISTING {
                    let problem = format!("{address}: a listing of more than {LISTING} bytes");
                    return Err(Stop::Never(Error::argument(problem)));
                }
            }
            Ok(bytes)
        };
        let bytes = self.again(once).await?;
        let odd = || Error::argument(format!("{address}: the answer is no listing of a model"));
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| odd())?;
        let commit = value.get("sha").and_then(Value::as_str).ok_or_else(odd)?;
        if commit.is_empty() || !commit.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(odd());
        }
        let files = value.get("siblings").and_then(Value::as_array).ok_or_else(odd)?;
        let name = |file: &Value| file.get("rfilename")?.as_str().map(str::to_owned);
        Ok((commit.to_owned(), files.iter().filter_map(name).collect()))
    }

    /// Fetches one file, going on where an earlier try ended.
    async fn file(&self, commit: &str, file: &str, folder: &Path, watch: Watch<'_>) -> Result<()> {
        let whole = folder.join(file);
        if whole.exists() {
            return Ok(());
        }
        let part = folder.join(format!(".{file}.part"));
        let address = format!("{}/{}/resolve/{commit}/{file}", self.hub.endpoint, self.model);
        self.again(async || self.stream(&address, file, &part, watch).await).await?;
        std::fs::rename(&part, &whole).map_err(|source| Error::io(&whole, source))
    }

    async fn stream(&self, address: &str, file: &str, part: &Path, watch: Watch<'_>) -> Answer<()> {
        let io = |source| Stop::Never(Error::io(part, source));
        let held = part.metadata().map_or(0, |about| about.len());
        let mut answer = self.get(address, held).await?;
        let (mut out, mut done) = match answer.status() {
            // All was there already, or more than there is.
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let all = answer.headers().get("content-range").and_then(|all| all.to_str().ok());
                if all.and_then(|all| all.strip_prefix("bytes */")) == Some(&held.to_string()) {
                    return Ok(());
                }
                std::fs::remove_file(part).map_err(io)?;
                return Err(Stop::Again(format!("{address}: what was held does not fit")));
            }
            StatusCode::PARTIAL_CONTENT => {
                (OpenOptions::new().append(true).open(part).map_err(io)?, held)
            }
            _ => (File::create(part).map_err(io)?, 0),
        };
        let total = answer.content_length().map(|rest| done + rest);
        watch(file, done, total);
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            out.write_all(&chunk).map_err(io)?;
            done += chunk.len() as u64;
            watch(file, done, total);
        }
        if total.is_some_and(|total| done != total) {
            return Err(Stop::Again(format!("{address}: was cut off at {done}")));
        }
        out.sync_all().map_err(io)
    }
}

/// Clears a folder of what an earlier try fetched of another commit.
fn one_commit(folder: &Path, commit: &str) -> Result<()> {
    let io = |source| Error::io(folder, source);
    let mark = folder.join(COMMIT);
    if std::fs::read_to_string(&mark).is_ok_and(|known| known == commit) {
        return Ok(());
    }
    std::fs::remove_dir_all(folder).map_err(io)?;
    std::fs::create_dir_all(folder).map_err(io)?;
    std::fs::write(&mark, commit).map_err(io)
}

/// An error with what caused it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said += &format!(": {cause}");
        source = cause.source();
    }
    said
}
