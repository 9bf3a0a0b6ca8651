//! Where benchmarks' items are published as files of a dataset's repository on the hub.

use serde::Serialize;

/// Files of a repository on the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Published {
    /// `OWNER/NAME`.
    pub repository: &'static str,
    /// The commit; a branch where the items may move.
    pub revision: &'static str,
    /// Paths, in which `*` stands for any part of a name.
    pub files: &'static [&'static str],
    /// The folder among them that is the items; empty where these are the only file.
    pub items: &'static str,
    /// A path with the SHA-256 of its content at that commit.
    pub sha256: Option<(&'static str, &'static str)>,
}

/// IFEval: the 541 prompts.
pub static IFEVAL: Published = Published {
    repository: "google/IFEval",
    revision: "966cd89545d6b6acfd7638bc708b98261ca58e84",
    files: &["ifeval_input_data.jsonl"],
    items: "",
    sha256: Some((
        "ifeval_input_data.jsonl",
        "6a85310ca8ce15eff755aa08a3a4ff931c7e273e7515ebb3c492ea85fd8288f2",
    )),
};

/// IFBench: the prompts as one Parquet file. They were 294 in July 2025 and are 300 since October.
pub static IFBENCH: Published = Published {
    repository: "allenai/IFBench_test",
    revision: "main",
    files: &["data/*.parquet"],
    items: "",
    sha256: None,
};

/// FollowBench: the six English files.
pub static FOLLOWBENCH: Published = Published {
    repository: "YuxinJiang/FollowBench",
    revision: "03a0578946afb379ee8c0fa8061c9c65daa0f93a",
    files: &["data_en/*_constraints.json"],
    items: "data_en",
    sha256: None,
};

/// FollowBench: the six Chinese files.
pub static FOLLOWBENCH_CHINESE: Published =
    Published { files: &["data_zh/*_constraints.json"], items: "data_zh", ..FOLLOWBENCH };

/// InFoBench: the 500 instructions.
pub static INFOBENCH: Published = Published {
    repository: "kqsong/InFoBench",
    revision: "cef03a2830944bfb0d201107895ddd0e0e90bf0e",
    files: &["InfoBench.json"],
    items: "",
    sha256: Some((
        "InfoBench.json",
        "66a2ee8d70208a7a879a17f471ba0ffd097b698265ea4796be99a273fdcc6559",
    )),
};
