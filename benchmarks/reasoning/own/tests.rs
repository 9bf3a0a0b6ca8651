//! Every item of several seeds: counted, checked by the grader, held against the others.

use std::collections::BTreeMap;

use super::*;
use crate::answer::{Grade, choose, grade, verdict};

const SEEDS: [u64; 3] = [SEED, 2, u64::MAX];

fn count<'a, T: Ord>(items: &'a Items, of: impl Fn(&'a Item) -> T) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    items.list.iter().for_each(|item| *counts.entry(of(item)).or_insert(0) += 1);
    counts
}

#[test]
fn every_seed_gives_a_full_balanced_set_without_repeats() {
    for seed in SEEDS {
        let items = items(seed);
        assert_eq!(items.list.len(), CATEGORIES.len() * PER_CATEGORY);
        assert!(items.list.len() >= 300);
        assert!(items.repeated_keys.is_empty(), "{:?}", items.repeated_keys);
        assert!(items.repeated_questions.is_empty(), "{:?}", items.repeated_questions);
        assert!(items.ambiguous.is_empty(), "{:?}", items.ambiguous);
        let questions: HashSet<&str> = items.list.iter().map(|i| i.question.as_str()).collect();
        assert_eq!(questions.len(), items.list.len());
        assert!(count(&items, |item| &item.category).values().all(|n| *n == PER_CATEGORY));
        let levels = count(&items, |item| (&item.category, &item.level));
        assert!(levels.values().all(|n| *n == PER_CATEGORY / LEVELS), "{levels:?}");
        let choice = items.list.iter().filter(|item| !item.options.is_empty());
        assert_eq!(choice.count(), items.list.len() / CHOICE_EVERY);
        for (_, templates) in CATEGORIES {
            assert!(templates.len() >= 8);
        }
        // A template that gave up more than a few slots to the next one is too narrow.
        let used = count(&items, |item| item.key.rsplit_once('-').unwrap().0.to_owned());
        assert!(used.values().all(|n| (2..=12).contains(n)), "{used:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_items() {
    assert_eq!(items(SEED), items(SEED));
    assert_ne!(items(SEED).digest, items(SEED + 1).digest);
    // Whoever changes what is asked raises `VERSION` and writes the new digest down here.
    assert_eq!((VERSION, &items(SEED).digest[..16]), (1, DIGEST));
}

const DIGEST: &str = "3502264e01565f78";

#[test]
fn every_answer_is_accepted() {
    for item in SEEDS.iter().flat_map(|seed| items(*seed).list) {
        let Item { key, answer, options, .. } = &item;
        for response in [
            format!("First 3, then 7.\n\nSo we get $\\boxed{{{answer}}}$."),
            format!("\\boxed{{\\text{{{answer}}}}}"),
            format!("The final answer is {answer}."),
            format!("**Answer:** {answer}"),
        ] {
            assert_eq!(grade(answer, &response), Grade::Right, "{key}: {response}");
            let letter = choose(&response, options).map(String::from);
            assert!(options.is_empty() || letter.as_ref() == Some(answer), "{key}: {response}");
        }
        if let Some(right) = item.right_option() {
            let letter = choose(&format!("\\boxed{{{right}}}"), options).map(String::from);
            assert_eq!(letter.as_ref(), Some(answer), "{key}: {right}");
        }
    }
}

#[test]
fn the_answers_of_other_items_are_mostly_refused() {
    for seed in [SEED, 2] {
        let list = items(seed).list;
        let open: Vec<&Item> = list.iter().filter(|item| item.options.is_empty()).collect();
        for item in &open {
            let others = open.iter().filter(|other| other.key != item.key);
            let accepted =
                others.filter(|o| verdict(&item.answer, Some(&o.answer)) == Grade::Right).count();
            assert!(accepted < SAME_ANSWER as usize, "{}: {} by {accepted}", item.key, item.answer);
        }
        let mut letters: BTreeMap<&str, usize> = BTreeMap::new();
        let choices = list.iter().filter(|item| !item.options.is_empty());
        let total = choices.clone().map(|item| *letters.entry(&item.answer).or_default() += 1);
        let total = total.count();
        assert_eq!(letters.len(), OPTIONS);
        assert!(letters.values().all(|n| n * 5 < total * 2), "{letters:?}");
    }
}

#[test]
fn options_differ_and_only_one_is_right() {
    for item in SEEDS.iter().flat_map(|seed| items(*seed).list) {
        for (at, a) in item.options.iter().enumerate() {
            let same = item.options[at + 1..].iter().find(|b| equivalent(a, b));
            assert_eq!(same, None, "{}: {:?}", item.key, item.options);
        }
    }
}

#[test]
fn questions_are_plain_text() {
    for item in SEEDS.iter().flat_map(|seed| items(*seed).list) {
        let Item { key, question, answer, options, .. } = &item;
        assert!(question.len() < 900, "{key}: {question}");
        let ends = question.ends_with(['?', '.']) || key.starts_with("algebra-linear");
        assert!(ends && !question.contains("  "), "{key}: {question}");
        assert!(question.bytes().all(|b| (b' '..=b'~').contains(&b)), "{key}: {question}");
        assert!(!answer.is_empty() && options.iter().all(|o| !o.trim().is_empty()), "{key}");
        assert!(!question.contains("1 people") && !question.contains("+ -"), "{key}: {question}");
    }
}

/// The answer of an item as it would be written.
fn right(item: &Item) -> String {
    item.right_option().map_or(item.answer.clone(), str::to_owned)
}

#[test]
fn sums_and_formulas_agree_with_the_grader() {
    let mut checked = BTreeMap::new();
    for item in (0..10).flat_map(|seed| items(seed).list) {
        let (question, answer) = (&item.question, right(&item));
        let sentence = question.split(". ").next().unwrap().trim_end_matches('.');
        let said = ["Calculate ", "Simplify ", "Expand "];
        let formula = said.iter().find_map(|word| sentence.strip_prefix(word));
        if let Some(formula) = formula {
            let formula = formula.replace(" and collect like terms", "");
            assert!(equivalent(&formula, &answer), "{question} {answer}");
            *checked.entry("formula").or_insert(0) += 1;
        }
        if let Some(equation) = sentence.strip_prefix("Solve for x: ") {
            let at = |side: &str| side.replace('x', &format!("*({answer})"));
            let (left, right) = equation.split_once(" = ").unwrap();
            let (left, right) = (at(left).replace("(*", "("), at(right).replace("(*", "("));
            assert!(equivalent(&left, &right), "{question} {answer}: {left} = {right}");
            *checked.entry("equation").or_insert(0) += 1;
        }
        let equation = question.split_once("solution of ").and_then(|(_, e)| e.split_once(" = 0"));
        if let Some((left, _)) = equation {
            let left = left.replace("x", &format!("*({answer})")).replace(" *", " ");
            assert!(equivalent(left.trim_start_matches('*'), "0"), "{question} {answer}: {left}");
            *checked.entry("quadratic").or_insert(0) += 1;
        }
    }
    assert!(checked.values().all(|n| *n > 30) && checked.len() == 3, "{checked:?}");
}
