//! CFBench (Zhang et al. 2024, arXiv 2408.01122): Chinese instructions with criteria of two
//! priorities that a judge marks one by one.
//!
//! Three figures: CSR, the mean share of criteria that are met; ISR, the share of items with all of
//! them met; PSR, the share of items where all primary criteria are met and enough of the secondary
//! ones. The official figures are those of `evalaute.py` (sic), faults included.
//!
//! The data has no licence and is not ours to hand out: it is read from the user's copy.

mod figures;
mod items;
mod judge;
mod number;
mod parse;
mod score;
mod sheet;
#[cfg(test)]
mod tests;

use crate::catalogue::{Benchmark, Scoring};

pub use figures::{Figures, Means, States, aggregate};
pub use items::{Criterion, Item, Items, Priority, Split, load};
pub use judge::{MAX_JUDGINGS, PROMPT_VERSION, request};
pub use parse::{BadMark, Mark, Reading, State, parse, parse_corrected, parse_strictly};
pub use score::{Score, score};
pub use sheet::sheet;

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "cfbench",
    title: "CFBench: 1,000 Chinese instructions with 4,237 criteria of two priorities",
    version: "PKU-Baichuan-MLSystemLab/CFBench, evalaute.py (sic); our own question to the judge",
    source: "https://github.com/PKU-Baichuan-MLSystemLab/CFBench; arXiv 2408.01122",
    licence: "none: not to be handed on",
    scoring: Scoring::Judge,
    metrics: &["csr", "isr", "psr"],
    headline: "psr",
    data: "data/cfbench_data.json of the source",
    file: "cfbench/cfbench_data.json",
    command: "heedful eval cfbench --items cfbench_data.json --responses FILE --judge-replies FILE",
};
