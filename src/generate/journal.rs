//! What was answered so far: one JSON line a response, on disk before the next is asked for.
//!
//! The first line names the settings, so that answers of other settings are never taken. A torn
//! last line is what a kill leaves: it is cut off.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Response;
use crate::error::{Error, Result};

/// The version of the layout.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    journal: u32,
    settings: String,
}

/// An open journal; no two processes hold one at once.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or begins the journal at `path`, and gives what it holds.
    ///
    /// # Errors
    /// A journal of other settings than `settings`, or held by another process; a line that is
    /// none, before the last; a file that cannot be read or written.
    pub fn open(path: &Path, settings: &str) -> Result<(Journal, Vec<Response>)> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(path).map_err(|e| Error::io(path, e))?;
        if file.try_lock().is_err() {
            let problem = "another process writes this journal";
            return Err(Error::usage(format!("{}: {problem}", path.display())));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let responses = read(path, &bytes[..whole], settings)?;
        file.set_len(whole as u64).map_err(|e| Error::io(path, e))?;
        file.seek(SeekFrom::Start(whole as u64)).map_err(|e| Error::io(path, e))?;
        let mut journal = Journal { path: path.to_owned(), file };
        if whole == 0 {
            let head = Head { journal: VERSION, settings: settings.to_owned() };
            journal.put(&line(&head)?)?;
        }
        Ok((journal, responses))
    }

    /// Adds responses, on disk when this returns; gives them as a reader will find them, so that
    /// an artifact is the same whether or not a run was cut in between.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn append(&mut self, responses: &[Response]) -> Result<Vec<Response>> {
        let (mut bytes, mut read) = (Vec::new(), Vec::new());
        for response in responses {
            let line = line(response)?;
            let response = serde_json::from_slice(&line);
            read.push(response.map_err(|e| Error::usage(format!("journal: {e}")))?);
            bytes.extend(line);
        }
        self.put(&bytes)?;
        Ok(read)
    }

    /// Removes it: all that it holds is in an artifact.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|e| Error::io(&self.path, e))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let done = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        done.map_err(|e| Error::io(&self.path, e))
    }
}

fn line(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value).map_err(|e| Error::usage(format!("journal: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn read(path: &Path, bytes: &[u8], settings: &str) -> Result<Vec<Response>> {
    let mut responses = Vec::new();
    for (at, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let wrong = |problem: String| {
            Error::usage(format!("{}: line {}: {problem}", path.display(), at + 1))
        };
        if at == 0 && !bytes.is_empty() {
            let head: Head = serde_json::from_slice(text)
                .map_err(|e| wrong(format!("no head of a journal: {e}")))?;
            if head.journal != VERSION || head.settings != settings {
                let found = format!("version {}, settings {}", head.journal, head.settings);
                return Err(wrong(format!("{found}; expected {VERSION} and {settings}")));
            }
        } else if !text.is_empty() {
            let response = serde_json::from_slice(text).map_err(|e| wrong(e.to_string()))?;
            responses.push(response);
        }
    }
    Ok(responses)
}

#[cfg(test)]
mod tests {
    use heedful_benchmarks::finish::FinishReason;

    use super::*;

    fn response(row: usize) -> Response {
        Response {
            row,
            key: format!("k{row}"),
            sample: 1,
            text: "a\nb \u{2028} é".to_owned(),
            reasoning: None,
            finish: FinishReason::Other("odd".to_owned()),
            prompt_tokens: Some(3),
            tokens: None,
            logprob: Some(-0.125),
            logprobs: Some(vec![-0.125]),
            ids: Some(vec![7]),
        }
    }

    #[test]
    fn what_was_written_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (mut journal, none) = Journal::open(&path, "s").unwrap();
        assert!(none.is_empty());
        journal.append(&[response(0), response(1)]).unwrap();
        assert!(Journal::open(&path, "s").is_err(), "held");
        drop(journal);
        let (mut journal, two) = Journal::open(&path, "s").unwrap();
        assert_eq!(two, [response(0), response(1)]);
        journal.append(&[response(2)]).unwrap();
        drop(journal);
        let (journal, three) = Journal::open(&path, "s").unwrap();
        assert_eq!(three.len(), 3);
        journal.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_torn_end_is_cut_and_other_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (mut journal, _) = Journal::open(&path, "s").unwrap();
        journal.append(&[response(0)]).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (mut journal, held) = Journal::open(&path, "s").unwrap();
            assert!(held.is_empty());
            journal.append(&[response(0)]).unwrap();
            drop(journal);
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        let error = Journal::open(&path, "t").unwrap_err().to_string();
        assert!(error.contains("settings s") && error.contains('t'), "{error}");
        std::fs::write(&path, [&whole[..], b"nonsense\n"].concat()).unwrap();
        let error = Journal::open(&path, "s").unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
    }
}
