//! The laws of the grammar, on samples.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use heedful_constraints::draw::stream;
use heedful_constraints::{Constraint, Profile, Text};

use super::families;
use super::scene::Scene;
use super::traits::carried;
use super::words::{self, EVENTS, MANNERS, NAMES, ORDERS, PEOPLE, TIMES};
use super::*;

fn committed(seed: u64) -> Demonstrations {
    let text = include_str!("../../recipes/demonstrations.toml");
    let recipe = Recipe::parse(text).expect("the committed recipe is good");
    Demonstrations::new(recipe, seed).expect("the committed recipe is good")
}

fn words_of(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// Of how many, how many.
#[derive(Default, Clone, Copy)]
struct Rate(usize, usize);

impl Rate {
    fn add(&mut self, hit: bool) {
        self.0 += 1;
        self.1 += usize::from(hit);
    }

    fn value(self) -> f64 {
        self.1 as f64 / self.0.max(1) as f64
    }
}

/// By id: how often it was obeyed where it was asked for.
fn asked_rates(from: &Demonstrations, n: u64) -> BTreeMap<String, Rate> {
    let mut rates: BTreeMap<String, Rate> = BTreeMap::new();
    for shown in from.range(0..n) {
        for (asked, obeyed) in shown.asked.iter().zip(&shown.obeyed) {
            rates.entry(asked.label()).or_default().add(*obeyed);
        }
    }
    rates
}

/// By id: how often an answer obeys arguments of a family that its instruction did not ask for.
fn unasked_rates(from: &Demonstrations, n: u64) -> BTreeMap<String, Rate> {
    let mut rates: BTreeMap<String, Rate> = BTreeMap::new();
    for index in 0..n {
        let prompt = from.prompt(Split::Train, index);
        let level = (index % 3) as usize;
        let shown = from.respond(&prompt, &vec![index % 2 == 0; level], 0);
        let text = Text::new(&shown.answer);
        let free = |id: &str| !shown.asked.iter().any(|asked| asked.label() == id);
        for family in families::ALL.iter().filter(|family| free(family.id)) {
            let args = (family.sample)(&prompt.scene, &mut stream(index, 5));
            let check = Constraint::compile(family.id, args, Profile::Corrected).expect("good");
            rates.entry(family.id.to_owned()).or_default().add(check.check(&text).satisfied);
        }
        for wanted in Trait::ALL {
            let label = format!("{}/{wanted}", wanted.soft_type());
            if !free(&label) {
                continue;
            }
            rates.entry(label).or_default().add(shown.shown.has(wanted));
        }
    }
    rates
}

#[test]
fn asked_constraints_are_obeyed_in_part_and_others_seldom() {
    let from = committed(1);
    let asked = asked_rates(&from, 6_000);
    let unasked = unasked_rates(&from, 500);
    assert_eq!(asked.len(), families::ALL.len() + Trait::ALL.len());
    for (id, rate) in &asked {
        let other = unasked[id];
        println!("{id:45} {:5} {:.3} {:.3}", rate.0, rate.value(), other.value());
        assert!((0.4..=0.8).contains(&rate.value()), "{id} asked: {}", rate.value());
        assert!(other.value() < 0.15, "{id} not asked: {}", other.value());
    }
}

#[test]
fn what_is_meant_comes_out() {
    let from = committed(2);
    let mut by_id: BTreeMap<String, [Rate; 2]> = BTreeMap::new();
    let mut whole = Rate::default();
    for index in 0..1_600 {
        let prompt = from.prompt(Split::ALL[(index % 4) as usize], index);
        let level = 1 + (index / 4) as usize % prompt.asked.len();
        let wants: Vec<bool> = (0..level).map(|at| index >> at & 1 == 0).collect();
        let shown = from.respond(&prompt, &wants, 3);
        for (at, want) in wants.iter().enumerate() {
            let rate = &mut by_id.entry(shown.asked[at].label()).or_default()[*want as usize];
            rate.add(shown.obeyed[at] == *want);
        }
        whole.add(shown.obeyed == wants);
    }
    for (id, [missed, met]) in &by_id {
        println!("{id:45} {:.3} {:.3}", missed.value(), met.value());
        assert!(met.value() > 0.93 && missed.value() > 0.93, "{id}");
    }
    assert!(whole.value() > 0.97, "{}", whole.value());
}

#[test]
fn every_text_shows_the_traits_that_it_was_made_to_show() {
    let from = committed(3);
    let mut any = 0;
    for shown in from.range(0..2_000) {
        assert_eq!(shown.shown, shown.tagged, "{}", shown.answer);
        any += usize::from(shown.shown != Traits::NONE);
        for (asked, obeyed) in shown.asked.iter().zip(&shown.obeyed) {
            assert!(asked.soft.is_none_or(|wanted| shown.shown.has(wanted) == *obeyed));
            assert_eq!(from.judge(asked, &shown.answer), *obeyed);
        }
    }
    assert!(any > 200, "{any}");
}

#[test]
fn words_that_carry_a_trait_are_used_for_nothing_else() {
    let mut said: Vec<&str> = vec![];
    for topic in &words::TOPICS {
        said.push(topic.name);
        said.extend(topic.nouns.iter().flat_map(|(one, many)| [one, many]));
        said.extend(topic.adjectives);
        said.extend(topic.places);
        said.extend(topic.acts.iter().flat_map(|((base, third, _), rest)| [base, third, rest]));
        said.extend(topic.deeds.iter().flat_map(|(base, third, _)| [base, third]));
    }
    said.extend(EVENTS.iter().flat_map(|((base, third, _), rest)| [base, third, rest]));
    said.extend(TIMES.iter().chain(&MANNERS).chain(&NAMES).chain(&PEOPLE).chain(&ORDERS));
    for phrase in said {
        for word in words_of(phrase) {
            assert_eq!(carried(&word), None, "{word} of {phrase:?}");
        }
    }
}

#[test]
fn the_vocabulary_and_the_lengths_are_small() {
    let from = committed(4);
    let (mut answers, mut prompts) = (BTreeSet::new(), BTreeSet::new());
    let (mut total, mut asked, mut longest, n) = (0, 0, 0, 8_000);
    for shown in from.range(0..n) {
        answers.extend(words_of(&shown.answer));
        prompts.extend(words_of(&shown.prompt));
        let words = shown.answer.split_whitespace().count();
        assert!((1..=110).contains(&words), "{words}: {}", shown.answer);
        assert!(shown.prompt.split_whitespace().count() <= 180, "{}", shown.prompt);
        (total, longest) = (total + words, longest.max(words));
        asked += shown.prompt.split_whitespace().count();
    }
    let all = answers.union(&prompts).count();
    println!("words: {} in answers, {} in prompts, {all} in all", answers.len(), prompts.len());
    let mean = |sum: usize| sum as f64 / n as f64;
    println!("answers {:.1} words, longest {longest}; prompts {:.1}", mean(total), mean(asked));
    assert!(all <= 1_000, "{all}");
    assert!((20.0..45.0).contains(&mean(total)));
}

#[test]
fn few_demonstrations_are_said_twice() {
    let from = committed(5);
    let (mut pairs, mut prompts, mut instructions) =
        (HashSet::new(), HashSet::new(), HashSet::new());
    let n = 5_000;
    for shown in from.range(0..n) {
        prompts.insert(shown.prompt.clone());
        instructions.insert(shown.instruction);
        pairs.insert(shown.prompt + "\n" + &shown.answer);
    }
    let n = n as usize;
    println!(
        "{} pairs, {} prompts, {} instructions",
        pairs.len(),
        prompts.len(),
        instructions.len()
    );
    assert!(pairs.len() > n * 199 / 200, "{}", pairs.len());
    assert!(prompts.len() > n * 4 / 5, "{}", prompts.len());
    assert!(instructions.len() > 1_000, "{}", instructions.len());
}

#[test]
fn a_demonstration_depends_on_seed_and_index_alone() {
    let (first, again) = (committed(6), committed(6));
    let forward: Vec<Demonstration> = first.range(0..64).collect();
    for index in (0..64).rev() {
        assert_eq!(again.draw(index), forward[index as usize]);
    }
    let other = committed(7);
    assert!((0..64).filter(|i| other.draw(*i) == forward[*i as usize]).count() < 3);
    let prompt = |from: &Demonstrations| from.prompt(Split::Dev, 9).text(5);
    assert_eq!(prompt(&first), prompt(&again));
    assert_ne!(prompt(&first), prompt(&other));
}

#[test]
fn texts_are_paraphrases_of_their_rules() {
    let from = committed(8);
    let choices = from.recipe().paraphrases;
    let mut used: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for shown in from.range(0..3_000) {
        for asked in &shown.asked {
            let said: Vec<String> = match asked.soft {
                Some(wanted) => (0..choices).map(|k| wanted.describe(k).to_owned()).collect(),
                None => {
                    let made = Constraint::compile(asked.id, asked.args.clone(), from.profile());
                    let made = made.expect("good");
                    (0..choices).map(|k| made.describe(k).expect("fills")).collect()
                }
            };
            let at = said.iter().position(|text| *text == asked.text);
            used.entry(asked.label()).or_default().insert(at.expect("a paraphrase"));
            assert!(shown.prompt.contains(&asked.text));
        }
        assert!(shown.prompt.starts_with(&shown.instruction));
    }
    assert!(used.values().all(|used| used.len() == choices), "{used:?}");
}

#[test]
fn splits_share_no_instruction_and_held_out_families_keep_apart() {
    let from = committed(9);
    let seen: HashSet<String> = from.range(0..5_000).map(|shown| shown.instruction).collect();
    let held_out = &from.recipe().families.held_out;
    for split in Split::ALL {
        let mut tasks = BTreeSet::new();
        for prompt in from.prompts(split).take(300) {
            let of_train = seen.contains(&prompt.instruction);
            assert!(split == Split::Train || !of_train, "{}", prompt.instruction);
            for asked in &prompt.asked {
                assert_eq!(
                    held_out.iter().any(|id| id == asked.id),
                    split == Split::HeldOut,
                    "{}",
                    asked.id
                );
            }
            let full = prompt.asked.len();
            assert!(split == Split::HeldOut && full >= 2 || full == MOST, "{full}");
            assert_eq!(prompt.text(0), prompt.instruction);
            assert!(prompt.text(full).starts_with(&prompt.text(full - 1)));
            tasks.insert(prompt.task);
        }
        assert!(tasks.len() >= 9, "{}: {tasks:?}", split.name());
    }
}

#[test]
fn a_split_without_scenes_is_refused() {
    let tasks = Task::ALL.iter().map(|task| (task.name().to_owned(), 0.0)).collect();
    let mut recipe = Recipe { tasks, ..Recipe::default() };
    recipe.tasks.insert("list".to_owned(), 1.0);
    recipe.splits = Splits { train: 0.98, dev: 0.01, test: 0.01 };
    let error = Demonstrations::new(recipe, 1).err().expect("refused").to_string();
    assert!(error.contains("without scenes"), "{error}");
}

#[test]
fn sums_are_right() {
    let recipe =
        Recipe { levels: vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0], stray: 0.0, ..Recipe::default() };
    let from = Demonstrations::new(recipe, 1).expect("good");
    let mut sums = 0;
    for shown in from.range(0..1_000).filter(|shown| shown.task == Task::Sum) {
        let said: Vec<&str> = shown.instruction.split([' ', '?', '.', ':']).collect();
        let numbers: Vec<i64> = said.iter().filter_map(|word| word.parse().ok()).collect();
        let minus = said.contains(&"minus");
        let result = if minus { numbers[0] - numbers[1] } else { numbers[0] + numbers[1] };
        let told = shown.answer.split(['.', '!']).next().expect("a sentence");
        assert!(told.ends_with(&format!(" {result}")), "{} {}", shown.instruction, shown.answer);
        sums += 1;
    }
    assert!(sums > 50, "{sums}");
}

#[test]
fn a_scene_of_every_task_has_arguments_for_every_family() {
    for family in families::ALL {
        for task in Task::ALL {
            for index in 0..20 {
                let mut rng = stream(1, index);
                let scene = Scene::draw(task, &mut rng);
                let args = (family.sample)(&scene, &mut rng);
                for args in [Some(args.clone()), (family.near)(&args, &mut rng)].iter().flatten() {
                    for profile in [Profile::Corrected, Profile::Official] {
                        let made = Constraint::compile(family.id, args.clone(), profile);
                        made.unwrap_or_else(|error| panic!("{error}"));
                    }
                }
            }
        }
    }
}

#[test]
fn rows_are_the_draws_in_order() {
    let from = committed(10);
    let mut written = Vec::new();
    from.write_jsonl(&mut written, 5..25).expect("memory takes it");
    let text = String::from_utf8(written).expect("UTF-8");
    assert_eq!(text.lines().count(), 20);
    for (line, index) in text.lines().zip(5..) {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let shown = from.draw(index);
        assert_eq!(row["messages"][0]["content"], shown.prompt);
        assert_eq!(row["messages"][1]["content"], shown.answer);
        assert_eq!(row["constraints"].as_array().map(Vec::len), Some(shown.asked.len()));
        assert_eq!(
            row["kwargs"].as_array().map(Vec::len),
            row["instruction_id_list"].as_array().map(Vec::len)
        );
    }
    let mut ladders = Vec::new();
    from.write_prompts(&mut ladders, Split::Test, 1..=MOST, 0..4).expect("memory takes it");
    let ladders = String::from_utf8(ladders).expect("UTF-8");
    assert_eq!(ladders.lines().count(), 4 * MOST);
    let last: serde_json::Value =
        serde_json::from_str(ladders.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["prompt"], from.prompt(Split::Test, 3).text(MOST));
}
