//! Tells the binary which commit it was built from, for the manifests that it writes.

use std::process::Command;

fn main() {
    for path in [".git/HEAD", ".git/index"] {
        if std::path::Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(commit) = git(&["rev-parse", "HEAD"]) {
        println!("cargo::rustc-env=HEEDFUL_COMMIT={commit}");
        let dirty = git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty());
        println!("cargo::rustc-env=HEEDFUL_DIRTY={dirty}");
    }
}

/// What `git` prints; `None` outside a checkout or without git.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
