//! Ladders: the rows of a dataset, by the ladder that they are levels of.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use heedful_constraints::Profile;
use heedful_datasets::error::{Error as DataError, Fault, FaultKind};
use heedful_datasets::prompts::{self, Prompt};
use heedful_datasets::rows::Options;

use super::classes::Classes;
use crate::error::{Error, Result};

/// A level of a ladder.
pub(super) struct Rung {
    pub(super) row: Prompt,
    /// What the user says.
    pub(super) prompt: String,
    pub(super) level: usize,
    /// The class and the text of each constraint, in order.
    pub(super) asked: Vec<(usize, String)>,
}

/// The rows of one ladder.
pub(super) struct Ladder {
    pub(super) name: String,
    /// Rungs by level.
    pub(super) own: BTreeMap<usize, usize>,
    /// The rung of each level from 0 up to the highest: an own one, or the one that the level
    /// above names as its parent. Equal rows are written once, so a ladder may share its lowest.
    pub(super) chain: Vec<Option<usize>>,
}

/// All ladders in the order of their first rows.
pub(super) struct Ladders {
    pub(super) rungs: Vec<Rung>,
    pub(super) ladders: Vec<Ladder>,
    pub(super) classes: Classes,
    by_key: HashMap<String, usize>,
    by_id: HashMap<String, usize>,
    by_prompt: HashMap<String, usize>,
}

impl Ladders {
    /// Reads `files`, the tables of `path`.
    ///
    /// # Errors
    /// A file that cannot be read; a row that is no level of a ladder; levels of a ladder that do
    /// not continue each other.
    pub(super) fn read(path: &Path, files: &[PathBuf], profile: Profile) -> Result<Ladders> {
        let mut read = Ladders {
            rungs: Vec::new(),
            ladders: Vec::new(),
            classes: Classes::default(),
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            by_prompt: HashMap::new(),
        };
        let mut names = HashMap::new();
        for file in files {
            for row in prompts::open(file, Options::default())? {
                let row = row?;
                let place = row.place.clone();
                let refused = |fault| Error::from(DataError::row(place, fault));
                read.take(row, profile, &mut names).map_err(refused)?;
            }
        }
        if read.rungs.is_empty() {
            return Err(Error::usage(format!("{}: no row in it", path.display())));
        }
        for at in 0..read.ladders.len() {
            read.ladders[at].chain = read.chain(at)?;
        }
        Ok(read)
    }

    fn take(
        &mut self,
        row: Prompt,
        profile: Profile,
        names: &mut HashMap<String, usize>,
    ) -> std::result::Result<(), Fault> {
        let level = row.level.ok_or_else(|| Fault::missing("level"))?;
        if level != row.asked.len() as u64 {
            let problem = format!("is not the number of constraints, {}", row.asked.len());
            return Err(Fault::at(FaultKind::BadValue, "level", &level.to_string(), problem));
        }
        let name = row.ladder.clone().ok_or_else(|| Fault::missing("ladder"))?;
        let prompt = row.prompt.clone().ok_or_else(|| Fault::missing("prompt"))?;
        let asked = row.asked.iter().map(|asked| self.classes.take(asked, profile));
        let asked = asked.collect::<std::result::Result<Vec<_>, String>>();
        let asked = asked.map_err(|e| Fault::at(FaultKind::BadValue, "constraints", "", e))?;
        let at = self.rungs.len();
        let ladder = *names.entry(name.clone()).or_insert_with(|| {
            self.ladders.push(Ladder { name, own: BTreeMap::new(), chain: Vec::new() });
            self.ladders.len() - 1
        });
        if self.ladders[ladder].own.insert(asked.len(), at).is_some() {
            let problem = format!("has level {level} twice");
            let name = &self.ladders[ladder].name;
            return Err(Fault::at(FaultKind::BadValue, "ladder", name, problem));
        }
        if let Some(key) = &row.key
            && self.by_key.insert(key.clone(), at).is_some()
        {
            return Err(Fault::at(FaultKind::BadValue, "key", key, "stands twice"));
        }
        if let Some(id) = &row.id {
            self.by_id.entry(id.clone()).or_insert(at);
        }
        self.by_prompt.entry(prompt.clone()).or_insert(at);
        self.rungs.push(Rung { row, prompt, level: asked.len(), asked });
        Ok(())
    }

    /// The rungs from level 0 up to the ladder's highest.
    fn chain(&self, ladder: usize) -> Result<Vec<Option<usize>>> {
        let own = &self.ladders[ladder].own;
        let Some((&highest, &top)) = own.last_key_value() else { return Ok(Vec::new()) };
        let mut chain = vec![None; highest + 1];
        for level in (0..=highest).rev() {
            let above = chain.get(level + 1).copied().flatten();
            let parent = above.and_then(|above: usize| self.rungs[above].row.parent.as_ref());
            let shared = parent.and_then(|id| self.by_id.get(id)).copied();
            let shared = shared.filter(|&rung| self.rungs[rung].level == level);
            chain[level] = own.get(&level).copied().or(shared);
            let Some(rung) = chain[level].map(|rung| &self.rungs[rung]) else { continue };
            let classes = |list: &[(usize, String)]| -> Vec<usize> {
                list.iter().map(|(class, _)| *class).collect()
            };
            if classes(&rung.asked) != classes(&self.rungs[top].asked[..level]) {
                let name = &self.ladders[ladder].name;
                let problem = format!("are not the first of its ladder's longest row, `{name}`");
                let fault = Fault::at(FaultKind::BadValue, "constraints", "", problem);
                return Err(DataError::row(rung.row.place.clone(), fault).into());
            }
        }
        Ok(chain)
    }

    /// The row that a response belongs to: by its key, its id, its prompt; else the one whose id
    /// is its key, or whose key is its id.
    pub(super) fn find(
        &self,
        key: Option<&str>,
        id: Option<&str>,
        prompt: Option<&str>,
    ) -> Option<usize> {
        let of = |map: &HashMap<String, usize>, name: Option<&str>| {
            name.and_then(|name| map.get(name).copied())
        };
        let straight = of(&self.by_key, key).or_else(|| of(&self.by_id, id));
        let prompted = || of(&self.by_prompt, prompt);
        straight.or_else(prompted).or_else(|| of(&self.by_id, key)).or_else(|| of(&self.by_key, id))
    }

    /// The class and the text of the constraint that `level` adds to a ladder.
    pub(super) fn newest(&self, ladder: usize, level: usize) -> &(usize, String) {
        let own = &self.ladders[ladder].own;
        let (_, &top) = own.last_key_value().expect("a ladder begins with a row");
        &self.rungs[top].asked[level - 1]
    }

    /// The instruction without constraints: as the row tells it, or what level 0 says.
    pub(super) fn instruction(&self, ladder: usize, rung: usize) -> Option<&str> {
        let bare = || self.ladders[ladder].chain.first().copied().flatten();
        let told = self.rungs[rung].row.instruction.as_deref();
        told.or_else(|| bare().map(|bare| self.rungs[bare].prompt.as_str()))
    }
}
