//! The rows of the table of pairs.

use heedful_datasets::artifact::Draft;
use heedful_datasets::digest;
use heedful_datasets::flat::Writer;
use heedful_datasets::pairs::{self as table, LabelSource, Pair, Side};
use serde_json::json;

use super::answers::Answers;
use super::candidates::Candidate;
use super::label::Fate;
use super::ladders::Ladders;
use crate::error::{Error, Result};

/// What rows are made from.
pub(super) struct Made<'a> {
    pub(super) ladders: &'a Ladders,
    pub(super) answers: &'a Answers,
    pub(super) policy: Option<&'a str>,
}

impl Made<'_> {
    /// Writes the table of the candidates that are kept, in their order.
    pub(super) fn write(
        &self,
        draft: &Draft,
        candidates: &[Candidate],
        fates: &[Fate],
    ) -> Result<()> {
        let folder = draft.folder().join("data");
        std::fs::create_dir(&folder).map_err(|e| Error::io(&folder, e))?;
        let path = folder.join("pairs-00000-of-00001.parquet");
        let mut writer = Writer::create(&path, &table::COLUMNS)?;
        for (candidate, fate) in candidates.iter().zip(fates) {
            if let Fate::Kept { label, source } = *fate {
                table::push(&mut writer, &self.pair(candidate, label, source))?;
            }
        }
        writer.finish()?;
        Ok(())
    }

    fn pair(&self, candidate: &Candidate, label: bool, source: LabelSource) -> Pair {
        let answer = &self.answers.list[candidate.answer];
        let rung = &self.ladders.rungs[answer.rung];
        let class = self.ladders.classes.get(candidate.class);
        let ladder = &self.ladders.ladders[candidate.ladder].name;
        let (_, constraint) = self.ladders.newest(candidate.ladder, candidate.level);
        let key = rung.row.key.as_ref().or(rung.row.id.as_ref());
        let said = json!([
            ladder,
            candidate.level,
            class.id,
            class.args,
            constraint,
            key,
            rung.prompt,
            answer.sample,
            answer.text,
        ]);
        let before = &rung.row.before;
        let turn = |(role, content): &(String, String)| json!({"role": role, "content": content});
        Pair {
            id: digest::id_of(&said),
            ladder: ladder.clone(),
            level: candidate.level as u32,
            constraint_id: class.id.clone(),
            kind: class.kind,
            family: class.family.clone(),
            constraint: constraint.clone(),
            args: class.args.clone(),
            prompt: rung.prompt.clone(),
            before: (!before.is_empty())
                .then(|| json!(before.iter().map(turn).collect::<Vec<_>>()).to_string()),
            instruction: self.ladders.instruction(candidate.ladder, answer.rung).map(str::to_owned),
            response: answer.text.clone(),
            key: key.cloned(),
            response_level: candidate.response_level as u32,
            sample: answer.sample,
            side: candidate.side(),
            label,
            label_source: source,
            ladder_label: candidate.side() == Side::Positive,
            rule_label: candidate.rule,
            truth: candidate.truth,
            split: rung.row.split.clone(),
            seed_id: rung.row.seed_id.clone(),
            policy: self.policy.map(str::to_owned),
        }
    }
}
