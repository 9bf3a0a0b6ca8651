//! The dataset card: `README.md` with the head that the Hugging Face hub reads.

use crate::counts::Counts;
use crate::manifest::Plan;
use crate::recipe::Resolved;
use crate::seeds::Split;

/// The card of a build.
pub fn prompts(plan: &Plan, recipe: &Resolved, counts: &Counts) -> String {
    let mut card = String::from("---\nlanguage:\n");
    for language in &recipe.languages {
        card.push_str(&format!("- \"{}\"\n", language.escape_default()));
    }
    card.push_str("task_categories:\n- text-generation\ntags:\n- instruction-following\n");
    card.push_str(&format!("size_categories:\n- {}\n", size_category(counts.rows())));
    card.push_str("configs:\n- config_name: default\n  data_files:\n");
    let made: Vec<&str> = counts.splits().map(|(split, _)| split).collect();
    for split in Split::ALL.map(Split::name).into_iter().filter(|name| made.contains(name)) {
        card.push_str(&format!("  - split: {split}\n    path: data/{split}-*.parquet\n"));
    }
    card.push_str(&format!("---\n\n# {}\n\n", plan.name));
    card.push_str(&format!(
        "{} prompts with {} to {} constraints each, built by `heedful build`.\nArtifact `{}`; \
         what made it stands in `manifest.json`.\n\n",
        counts.rows(),
        if recipe.bare { "no" } else { "one" },
        recipe.max_level,
        plan.id(),
    ));
    card.push_str("| level | prompts | soft constraints | hard constraints |\n|--:|--:|--:|--:|\n");
    for (level, rows, soft, hard) in counts.levels() {
        card.push_str(&format!("| {level} | {rows} | {soft} | {hard} |\n"));
    }
    card.push_str(COLUMNS);
    card
}

fn size_category(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "10M<n<100M",
    }
}

const COLUMNS: &str = "
## Columns

| column | holds |
|---|---|
| `id` | digest of seed, prompt and constraints |
| `key` | number of the row |
| `prompt`, `messages` | the instruction with its constraints, as text and as chat |
| `level` | how many constraints it asks for |
| `seed_id`, `drawing`, `permutation` | where the row comes from |
| `parent` | `id` of the row with one constraint less |
| `instruction_id_list`, `kwargs` | the hard constraints as in IFEval; `kwargs` is JSON |
| `constraints` | all of them: id, kind, family, text, args (JSON) |
| `witness` | a response that satisfies every hard constraint of the ladder's longest prompt |
| `split`, `language`, `task` | of the seed instruction |
";
