//! Which code this is: for the manifests of what it makes.

use heedful_datasets::manifest::Revision;

/// The commit that the binary was built from, when the build knew it.
pub fn current() -> Revision {
    Revision {
        commit: option_env!("HEEDFUL_COMMIT").map(str::to_owned),
        dirty: option_env!("HEEDFUL_DIRTY").map(|dirty| dirty == "true"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
