//! The manifest of an artifact: what made it, from what, and what it holds.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::digest;
use crate::error::{Error, Result};

/// The name of the manifest's file.
pub const FILE: &str = "manifest.json";

/// The version of the manifest's own layout.
pub const FORMAT: u32 = 1;

/// What an artifact is to be made of: all that its id depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The stage: `build`, `generate`, `verify`, …
    pub stage: String,
    /// The name that its folder begins with.
    pub name: String,
    /// The resolved configuration.
    pub config: Value,
    /// The seed of all chance.
    pub seed: u64,
    /// Ids of the artifacts that it is made from.
    pub parents: Vec<String>,
    /// Digests of the files that it is made from.
    pub inputs: Vec<Input>,
    /// The version of the rows' schema.
    pub schema_version: u32,
    /// Versions of the verifiers, for stages that verify.
    pub verifiers: Vec<String>,
}

/// A file that went into an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The path as it was given, or a name for embedded data.
    pub name: String,
    /// Its BLAKE3 digest.
    pub blake3: String,
    /// Its length.
    pub bytes: u64,
}

/// The state of the code that made an artifact; no part of its id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Revision {
    /// The commit, when known.
    pub commit: Option<String>,
    /// Whether the tree held changes beside it, when known.
    pub dirty: Option<bool>,
    /// The version of the package.
    pub version: String,
}

/// A file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The path in the folder, with `/`.
    pub path: String,
    /// Its BLAKE3 digest.
    pub blake3: String,
    /// Its length.
    pub bytes: u64,
    /// Its rows, for tables.
    pub rows: Option<u64>,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout's version.
    pub format: u32,
    /// 32 hexadecimal digits.
    pub id: String,
    /// The stage.
    pub stage: String,
    /// The name.
    pub name: String,
    /// The resolved configuration.
    pub config: Value,
    /// The seed.
    pub seed: u64,
    /// Ids of the artifacts that it was made from.
    pub parents: Vec<String>,
    /// The files that it was made from.
    pub inputs: Vec<Input>,
    /// The version of the rows' schema.
    pub schema_version: u32,
    /// Versions of the verifiers.
    pub verifiers: Vec<String>,
    /// The code that made it.
    pub revision: Revision,
    /// Rows in all tables together.
    pub rows: u64,
    /// Counts by level, split, kind, family and reason.
    pub counts: Map<String, Value>,
    /// The files, sorted by path, the manifest itself left out.
    pub files: Vec<Entry>,
}

impl Plan {
    /// The artifact's id: a digest of everything in here but the name.
    pub fn id(&self) -> String {
        let inputs: Vec<&str> = self.inputs.iter().map(|input| input.blake3.as_str()).collect();
        digest::id_of(&json!({
            "stage": self.stage,
            "config": self.config,
            "seed": self.seed,
            "parents": self.parents,
            "inputs": inputs,
            "schema_version": self.schema_version,
            "verifiers": self.verifiers,
        }))
    }

    /// The folder's name: the artifact's name and the first 12 digits of its id.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.name, &self.id()[..12])
    }
}

impl Manifest {
    /// Reads the manifest of the artifact at `folder`.
    ///
    /// # Errors
    /// A folder without manifest, or one that is no manifest.
    pub fn read(folder: &Path) -> Result<Manifest> {
        const LARGEST: u64 = 64 << 20;
        let path = folder.join(FILE);
        let length = match std::fs::metadata(&path) {
            Ok(meta) => meta.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::artifact(folder, format!("has no {FILE}")));
            }
            Err(e) => return Err(Error::io(&path, e)),
        };
        if length > LARGEST {
            return Err(Error::file(&path, format!("is {length} bytes long: no manifest")));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, e))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|e| Error::file(&path, format!("is no manifest: {e}")))?;
        if manifest.format != FORMAT {
            let problem =
                format!("has the layout {}, this program reads {FORMAT}", manifest.format);
            return Err(Error::file(&path, problem));
        }
        Ok(manifest)
    }

    /// The plan that it tells; its id must be the manifest's.
    pub fn plan(&self) -> Plan {
        Plan {
            stage: self.stage.clone(),
            name: self.name.clone(),
            config: self.config.clone(),
            seed: self.seed,
            parents: self.parents.clone(),
            inputs: self.inputs.clone(),
            schema_version: self.schema_version,
            verifiers: self.verifiers.clone(),
        }
    }
}
