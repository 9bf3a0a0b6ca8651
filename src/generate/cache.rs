//! Answers by the digest of what was asked: the same question is paid for once.
//!
//! One file an answer, in folders by the first two digits; each appears whole or not at all.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::answer::Answer;
use crate::error::{Error, Result};

/// A folder of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in `folder`, which is made.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn open(folder: &Path) -> Result<Cache> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        Ok(Cache { folder: folder.to_owned() })
    }

    /// The answer to the question `digest`.
    ///
    /// # Errors
    /// A file that cannot be read, or is no answer.
    pub fn get(&self, digest: &str) -> Result<Option<Answer>> {
        let path = self.path(digest);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(&path, e)),
        };
        let answer = serde_json::from_slice(&bytes);
        answer
            .map(Some)
            .map_err(|e| Error::usage(format!("{}: is no answer: {e}; remove it", path.display())))
    }

    /// Keeps `answer`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put(&self, digest: &str, answer: &Answer) -> Result<()> {
        let path = self.path(digest);
        let folder = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        // Two processes may answer the same at once; each has a file of its own until it is whole.
        let part = folder.join(format!(".{digest}-{}", std::process::id()));
        let mut text =
            serde_json::to_vec(answer).map_err(|e| Error::usage(format!("cache: {e}")))?;
        text.push(b'\n');
        let written = File::create(&part)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_data()))
            .and_then(|()| std::fs::rename(&part, &path));
        written.map_err(|e| Error::io(&path, e))
    }

    fn path(&self, digest: &str) -> PathBuf {
        let start = digest.get(..2).unwrap_or("00");
        self.folder.join(start).join(format!("{digest}.json"))
    }
}

#[cfg(test)]
mod tests {
    use heedful_benchmarks::finish::FinishReason;

    use super::*;

    #[test]
    fn what_was_put_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("c")).unwrap();
        let answer = Answer {
            text: "t\u{0}é".to_owned(),
            reasoning: Some("r".to_owned()),
            finish: FinishReason::Length,
            prompt_tokens: None,
            tokens: Some(1),
            logprobs: None,
        };
        assert_eq!(cache.get("ab12").unwrap(), None);
        cache.put("ab12", &answer).unwrap();
        cache.put("ab12", &answer).unwrap();
        assert_eq!(cache.get("ab12").unwrap(), Some(answer));
        let held = std::fs::read_dir(folder.path().join("c/ab")).unwrap().count();
        assert_eq!(held, 1, "no parts are left");
        std::fs::write(folder.path().join("c/ab/ab12.json"), "{").unwrap();
        assert!(cache.get("ab12").unwrap_err().to_string().contains("no answer"));
    }
}
