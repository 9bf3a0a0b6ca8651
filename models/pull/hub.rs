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

/// What kind of repository.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a model.
    Model,
    /// Of a dataset.
    Dataset,
}

impl Kind {
    /// The part of the listing's address, and what goes before the name elsewhere.
    const fn places(self) -> [&'static str; 2] {
        match self {
            Kind::Model => ["models", ""],
            Kind::Dataset => ["datasets", "datasets/"],
        }
    }
}

/// A file as the hub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the repository.
    pub(super) name: String,
    /// Its bytes, where they are told.
    pub(super) size: Option<u64>,
    /// The SHA-256 of its content, where it is told: of large files.
    pub(super) sha256: Option<String>,
}

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
        let from = self.repository(Kind::Model, model, None)?;
        runtime(folder)?.block_on(from.files(revision, folder, watch))
    }

    /// A repository of this hub; no file in it may have more bytes than `limit`.
    pub(super) fn repository<'a>(
        &'a self,
        kind: Kind,
        name: &'a str,
        limit: Option<u64>,
    ) -> Result<From<'a>> {
        let client = Client::builder()
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .user_agent(concat!("heedful/", env!("CARGO_PKG_VERSION")))
            .build();
        let client =
            client.map_err(|error| Error::argument(format!("{name}: {}", chain(&error))))?;
        Ok(From { hub: self, client, kind, name, limit })
    }
}

/// One file after the other, on this thread.
pub(super) fn runtime(folder: &Path) -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| Error::io(folder, source))
}

/// A repository on a hub, with a client.
pub(super) struct From<'a> {
    hub: &'a Hub,
    client: Client,
    kind: Kind,
    name: &'a str,
    limit: Option<u64>,
}

impl From<'_> {
    async fn files(&self, revision: &str, folder: &Path, watch: Watch<'_>) -> Result<()> {
        let (commit, files) = self.listing(revision).await?;
        let has = |file: &str| files.iter().any(|known| known.name == file);
        let lacks = |what: String| {
            let (model, place) = (self.name, &self.hub.endpoint);
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
        whole(folder)
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
        let (name, place) = (self.name, &self.hub.endpoint);
        let hint = match self.kind {
            Kind::Model => "is there a network? a folder or GGUF file by its path needs none",
            Kind::Dataset => "is there a network? a file by its path needs none",
        };
        Err(Error::argument(format!("{name}: not fetched from {place}: {last} ({hint})")))
    }

    /// The commit behind a revision, and its files.
    pub(super) async fn listing(&self, revision: &str) -> Result<(String, Vec<Entry>)> {
        let (place, name, [kind, _]) = (&self.hub.endpoint, self.name, self.kind.places());
        let blobs = if self.kind == Kind::Dataset { "?blobs=true" } else { "" };
        let address = format!("{place}/api/{kind}/{name}/revision/{revision}{blobs}");
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
        let odd = || Error::argument(format!("{address}: the answer is no listing"));
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| odd())?;
        let commit = value.get("sha").and_then(Value::as_str).ok_or_else(odd)?;
        if commit.is_empty() || !commit.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(odd());
        }
        let files = value.get("siblings").and_then(Value::as_array).ok_or_else(odd)?;
        let entry = |file: &Value| {
            let name = file.get("rfilename")?.as_str()?.to_owned();
            let size = file.get("size").and_then(Value::as_u64);
            let sha256 = file.get("lfs").and_then(|lfs| lfs.get("sha256")?.as_str());
            Some(Entry { name, size, sha256: sha256.map(str::to_lowercase) })
        };
        Ok((commit.to_owned(), files.iter().filter_map(entry).collect()))
    }

    /// Fetches one file, going on where an earlier try ended.
    pub(super) async fn file(
        &self,
        commit: &str,
        file: &str,
        folder: &Path,
        watch: Watch<'_>,
    ) -> Result<()> {
        let whole = folder.join(file);
        if whole.exists() {
            return Ok(());
        }
        let part = folder.join(format!(".{}.part", file.replace('/', "-")));
        let (place, name, [_, before]) = (&self.hub.endpoint, self.name, self.kind.places());
        let address = format!("{place}/{before}{name}/resolve/{commit}/{file}");
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
            done += chunk.len() as u64;
            if let Some(limit) = self.limit.filter(|limit| done > *limit) {
                let problem = format!("{address}: has more than {limit} bytes");
                return Err(Stop::Never(Error::argument(problem)));
            }
            out.write_all(&chunk).map_err(io)?;
            watch(file, done, total);
        }
        if total.is_some_and(|total| done != total) {
            return Err(Stop::Again(format!("{address}: was cut off at {done}")));
        }
        out.sync_all().map_err(io)
    }
}

/// Takes the mark of the commit away, once all its files are there.
pub(super) fn whole(folder: &Path) -> Result<()> {
    let mark = folder.join(COMMIT);
    std::fs::remove_file(&mark).map_err(|source| Error::io(&mark, source))
}

/// Clears a folder of what an earlier try fetched of another commit.
pub(super) fn one_commit(folder: &Path, commit: &str) -> Result<()> {
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
