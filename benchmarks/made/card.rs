//! Cards: one for each item, in a file a composition and level, and one for the benchmark.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::item::{How, Item, Question, difficulty_name, priority_name};
use super::recipe::Resolved;
use crate::error::{Error, Result};

/// Writes `README.md` and `cards/` into `folder`.
pub(super) fn write(
    folder: &Path,
    recipe: &Resolved,
    id: &str,
    items: &[Item],
    counts: &Map<String, Value>,
) -> Result<()> {
    let cards = folder.join("cards");
    std::fs::create_dir(&cards).map_err(|e| Error::file(&cards, e))?;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for item in items {
        let name = file_of(item);
        let head = format!("# {}, level {}\n", item.composition.name(), item.level);
        files.entry(name).or_insert(head).push_str(&card(item, recipe));
    }
    for (name, text) in files {
        let path = cards.join(name);
        std::fs::write(&path, text).map_err(|e| Error::file(&path, e))?;
    }
    let path = folder.join("README.md");
    std::fs::write(&path, readme(recipe, id, items, counts)).map_err(|e| Error::file(&path, e))
}

fn file_of(item: &Item) -> String {
    format!("{}-{:02}.md", item.composition.name().to_lowercase(), item.level)
}

/// The card of one item.
pub(super) fn card(item: &Item, recipe: &Resolved) -> String {
    let mut card = format!("\n## {}\n\n", item.key);
    card.push_str(&format!(
        "`{}` · {} · task {} · seed `{}` · {} · rules {}\n\n{}\n\n### Instruction\n\n{}\n",
        item.id,
        item.category,
        item.task,
        item.seed_id,
        item.language,
        item.profile.version(),
        why(item, recipe),
        fenced(&item.prompt),
    ));
    if !item.conditions.is_empty() {
        card.push_str("\n### Conditions\n\n");
        for (text, holds) in &item.conditions {
            card.push_str(&format!(
                "- {text}: {}\n",
                if *holds { "holds" } else { "does not hold" }
            ));
        }
    }
    card.push_str(
        "\n### Questions\n\n| | question | by | priority | rests on | verifies | part |\n",
    );
    card.push_str("|--:|---|---|---|---|---|---|\n");
    for (at, question) in item.questions.iter().enumerate() {
        card.push_str(&row(at, question));
    }
    for question in &item.questions {
        if let Some(decoy) = &question.decoy {
            card.push_str(&format!(
                "\nThe other branch asks instead, and no response does both: {} (`{}`)\n",
                cell(&decoy.text),
                decoy.id
            ));
        }
    }
    card.push_str(&format!("\n### Witness of the rules\n\n{}\n", fenced(&item.witness)));
    card
}

/// Why the item is at its level.
fn why(item: &Item, recipe: &Resolved) -> String {
    let drawn = item.questions.iter().filter(|question| question.how.is_drawn());
    let by_rule = drawn.filter(|question| question.how.is_rule()).count();
    let level = item.level;
    let mut why = format!(
        "Level {level}, {}: {level} constraints are scored, {by_rule} by rule and {} by the judge; \
         {} and more are hard.",
        difficulty_name(item.difficulty),
        level - by_rule,
        recipe.hard_from,
    );
    if item.parts > 1 {
        why.push_str(&format!(" In {} steps.", item.parts));
    }
    match item.conditions.len() {
        0 => {}
        1 => why.push_str(" One condition is to be decided."),
        n => why.push_str(&format!(" {n} conditions are to be decided, one inside the other.")),
    }
    why
}

fn row(at: usize, question: &Question) -> String {
    let by = match &question.how {
        How::Rule { id, args } => format!("`{id}` `{}`", Value::Object(args.clone())),
        How::Soft { id } => format!("judge (`{id}`)"),
        How::Parts => "the divider of parts".to_owned(),
        How::Task => "judge (the step's task)".to_owned(),
    };
    let dep: Vec<String> = question.dep.iter().map(usize::to_string).collect();
    format!(
        "| {at} | {} | {} | {} | {} | {} | {} |\n",
        cell(&question.text),
        cell(&by),
        priority_name(question.priority),
        dep.join(", "),
        question.composition.join(", "),
        question.part.map(|part| part.to_string()).unwrap_or_default(),
    )
}

/// A text in one cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in a fence that it does not hold.
fn fenced(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{text}\n{fence}")
}

fn readme(recipe: &Resolved, id: &str, items: &[Item], counts: &Map<String, Value>) -> String {
    let mut text = String::from("---\nlanguage:\n");
    for language in &recipe.languages {
        text.push_str(&format!("- \"{}\"\n", language.escape_default()));
    }
    text.push_str(
        "task_categories:\n- text-generation\ntags:\n- instruction-following\n- benchmark\n",
    );
    text.push_str("configs:\n- config_name: default\n  data_files:\n");
    text.push_str("  - split: test\n    path: data/test-*.parquet\n---\n");
    text.push_str(&format!(
        "\n# {}\n\n{} instructions made by `heedful benchmarks make`, with constraints that rules \
         and a judge decide.\n\nArtifact `{id}`, seed {}; what made it stands in `manifest.json`. \
         Licence: {}.\n",
        recipe.name,
        items.len(),
        recipe.seed,
        recipe.licence,
    ));
    text.push_str("\n## What it holds\n\n");
    for (title, key) in [("composition", "compositions"), ("level", "levels"), ("task", "tasks")] {
        text.push_str(&table(title, "items", counts.get(key)));
    }
    text.push_str(&table("questions", "number", counts.get("questions")));
    text.push_str(&balance(recipe, counts));
    text.push_str(&left_out(recipe, counts));
    text.push_str(SCORING);
    text
}

fn table(title: &str, what: &str, counts: Option<&Value>) -> String {
    let mut text = format!("| {title} | {what} |\n|---|--:|\n");
    for (name, n) in counts.and_then(Value::as_object).into_iter().flatten() {
        text.push_str(&format!("| {} | {n} |\n", name.replace('_', " ")));
    }
    text.push('\n');
    text
}

/// How evenly families are used.
fn balance(recipe: &Resolved, counts: &Map<String, Value>) -> String {
    let families = counts.get("families").and_then(Value::as_object);
    let mut list: Vec<(&String, u64)> = families
        .into_iter()
        .flatten()
        .map(|(id, n)| (id, n.as_u64().unwrap_or_default()))
        .collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let total: u64 = list.iter().map(|(_, n)| n).sum();
    let unused = list.iter().filter(|(_, n)| *n == 0).count();
    let mut text = format!(
        "## Balance\n\n{total} scored constraints of {} families; none may have more than {} \
         (the recipe says {:.1} %, or one), and {unused} of those chosen have none.\n\n\
         | family | constraints | share |\n|---|--:|--:|\n",
        list.len() - unused,
        counts.get("most_of_a_family").cloned().unwrap_or_default(),
        100.0 * recipe.max_share,
    );
    for (id, n) in list {
        let share = if total == 0 { 0.0 } else { 100.0 * n as f64 / total as f64 };
        text.push_str(&format!("| `{id}` | {n} | {share:.1} % |\n"));
    }
    text.push('\n');
    text
}

fn left_out(recipe: &Resolved, counts: &Map<String, Value>) -> String {
    let mut text = format!(
        "## Left out\n\nPrompts with a Jaccard similarity of {} or more to an earlier one, and \
         seed instructions that share {} words in a row with a row of {} files.\n\n",
        recipe.near,
        recipe.contamination.ngram,
        recipe.contamination.files.len(),
    );
    text.push_str(&table("candidates", "given up", counts.get("given_up")));
    text.push_str(&table("seed instructions", "left out", counts.get("seeds_left_out")));
    let named = counts.get("contaminated").and_then(Value::as_array);
    for one in named.into_iter().flatten() {
        let part = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        text.push_str(&format!("- `{}`: {}\n", part("seed"), part("found_in")));
    }
    text.push('\n');
    text
}

const SCORING: &str = "\
## How it is scored

Each question is met or not. Where it names a rule, that rule of heedful decides, on the whole
response or on the part that the question names; parts are what stands between lines that hold
nothing but `***`. All other questions go to a judge, who says yes or no to each. The first question
of a branch is one that no response can meet together with what the other branch asks for: it tells
the choice.

- CSR, ISR and PSR are CFBench's: the mean share of questions met; the share of items with all of
  them met; the share with all primary ones met and enough of the secondary ones.
- DRFR is ComplexBench's: the share of questions met of which all that they rest on are met too.

## Columns

| column | holds |
|---|---|
| `id`, `key` | digest of prompt and questions; the name |
| `prompt`, `instruction` | what a model gets; the seed instruction in it |
| `task`, `seed_id`, `language` | of the seed instruction |
| `composition`, `category` | And, Chain, Selection or Nested; the same with its steps or depth |
| `level`, `difficulty` | how many constraints are scored; easy or hard |
| `profile`, `parts` | the reading of the rules; parts of the response |
| `conditions` | JSON: `text` and whether it `holds` |
| `questions` | JSON: `text`, who decides (`kind`, `id`, `args`), `priority`, `dep`, \
`composition`, `family`, `part`, and the other branch's `decoy` |
| `witness` | a response that every rule of the right branches accepts |

A card of each item stands in `cards/`.
";
