//! What the tests of the command line share: fresh folders, the real binary, the recorded data.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// A command of the binary, to be run with what it is given.
pub(crate) struct Heedful {
    args: Vec<String>,
    stdin: Vec<u8>,
    memory: Option<u64>,
}

/// `heedful ARGS...`, quiet.
pub(crate) fn heedful<A: AsRef<str>>(args: impl IntoIterator<Item = A>) -> Heedful {
    let mut list = vec!["--quiet".to_owned()];
    list.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
    Heedful { args: list, stdin: Vec::new(), memory: None }
}

/// A path as an argument.
pub(crate) fn arg(path: impl AsRef<Path>) -> String {
    path.as_ref().to_str().expect("folders of tests have plain names").to_owned()
}

impl Heedful {
    /// Gives it `bytes` on standard input.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Limits its address space to `kib`, where the system can.
    pub(crate) fn memory(mut self, kib: u64) -> Self {
        self.memory = Some(kib);
        self
    }

    /// The command itself, for tests that kill it.
    pub(crate) fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_heedful");
        let mut command = match self.memory {
            Some(kib) if cfg!(target_os = "linux") => {
                let mut shell = Command::new("sh");
                let script = format!("ulimit -v {kib}; exec \"$@\"");
                shell.args(["-c", &script, "sh", binary]);
                shell
            }
            _ => Command::new(binary),
        };
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ran {
        let mut child = self.command().spawn().expect("the binary starts");
        let mut input = child.stdin.take().expect("it is piped");
        let bytes = self.stdin;
        let feeder = std::thread::spawn(move || {
            // A command that refuses early closes its end: that is no failure of the test.
            let _ = input.write_all(&bytes);
        });
        let mut errors = child.stderr.take().expect("it is piped");
        let listener = std::thread::spawn(move || {
            let mut text = Vec::new();
            errors.read_to_end(&mut text).map(|_| text)
        });
        let mut stdout = Vec::new();
        child.stdout.take().expect("it is piped").read_to_end(&mut stdout).expect("it is read");
        let status = child.wait().expect("it ends");
        feeder.join().expect("the feeder ends");
        let stderr = listener.join().expect("the listener ends").expect("it is read");
        let ran = Ran {
            code: status.code().unwrap_or(-1),
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        };
        assert!(!ran.stderr.contains("panicked"), "{:?} panicked: {}", self.args, ran.stderr);
        assert!(ran.code >= 0, "{:?} ended by {status}: {}", self.args, ran.stderr);
        ran
    }

    /// Runs it, and expects exit code 0.
    pub(crate) fn ok(self) -> Ran {
        let args = self.args.clone();
        let ran = self.run();
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran
    }

    /// Runs it; it must end with this code.
    pub(crate) fn code(self, code: i32) -> Ran {
        let args = self.args.clone();
        let ran = self.run();
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        ran
    }

    /// Runs it, and expects a refusal whose message holds every one of `words`.
    pub(crate) fn refused(self, words: &[&str]) -> Ran {
        let args = self.args.clone();
        let ran = self.run();
        assert_eq!(ran.code, 2, "{args:?}: {}\n{}", ran.stderr, ran.text());
        for word in words {
            assert!(ran.stderr.contains(word), "{args:?}: no `{word}` in: {}", ran.stderr);
        }
        assert!(ran.stderr.len() < 4000, "a message of {} bytes", ran.stderr.len());
        ran
    }
}

impl Ran {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("the output is UTF-8")
    }

    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).expect("the output is JSON")
    }

    /// Standard output as one JSON value a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.text().lines();
        lines.map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}

/// A fresh folder.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// Writes a file and gives its path.
pub(crate) fn file(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file can be written");
    path
}

/// A file of the recorded data; `None`, said loudly, where it is not at hand.
pub(crate) fn recorded(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let path = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is not there", path.display()));
    None
}

/// Says that a test checks nothing; where nothing may be skipped, it fails.
pub(crate) fn skip(why: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
    eprintln!("SKIPPED: {why}");
}

/// The files below `folder` with their bytes, by name; `manifest.json` is left to others.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = arg(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(below, b)| (format!("{name}/{below}"), b)));
        } else {
            files.push((name, std::fs::read(&path).expect("a file can be read")));
        }
    }
    files.sort();
    files
}

/// The same numbers on every machine: a test that fails once fails always.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// The next number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
