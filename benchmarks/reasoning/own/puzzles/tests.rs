//! Puzzles are read back from their texts and solved again by a solver of its own.

use std::collections::BTreeSet;

use super::*;

/// Problems of all levels of a template.
fn made(template: fn(&mut Draw, usize) -> Option<Problem>) -> Vec<Problem> {
    let draws = (0..1500u64).map(|at| (Draw::of(at, &["test"]), 1 + at as usize % 3));
    let problems: Vec<Problem> =
        draws.filter_map(|(mut draw, level)| template(&mut draw, level)).collect();
    assert!(problems.len() > 150, "{}", problems.len());
    problems
}

/// `Ana says: "…"` as pairs.
fn says(question: &str) -> Vec<(&str, &str)> {
    let parts = question.split(" says: \"").collect::<Vec<_>>();
    parts
        .windows(2)
        .map(|pair| {
            let name = pair[0].rsplit(' ').next().unwrap();
            (name, pair[1].split('"').next().unwrap().trim_end_matches('.'))
        })
        .collect()
}

#[test]
fn knights_are_told_apart() {
    for problem in made(knights) {
        let said = says(&problem.question);
        let names: Vec<&str> = said.iter().map(|(name, _)| *name).collect();
        let at = |name: &str| names.iter().position(|other| *other == name).unwrap();
        let mut found = Vec::new();
        for world in 0..1u32 << names.len() {
            let knight = |name: &str| world >> at(name) & 1 == 1;
            let holds = |own: &str, text: &str| -> bool {
                let words: Vec<&str> = text.split(' ').collect();
                match words.as_slice() {
                    [name, "is", "a", kind] => knight(name) == (*kind == "knight"),
                    [name, "and", "I", "are", "of", "the", ..] => knight(name) == knight(own),
                    [name, "and", "I", ..] => knight(name) != knight(own),
                    ["Exactly", "one", ..] => world.count_ones() == 1,
                    ["Exactly", count, ..] => world.count_ones().to_string() == *count,
                    ["At", "least", "one", "of", a, "and", b, ..] => !(knight(a) && knight(b)),
                    other => panic!("{other:?}"),
                }
            };
            if said.iter().all(|(name, text)| knight(name) == holds(name, text)) {
                found.push(names.iter().copied().filter(|name| knight(name)).collect::<Vec<_>>());
            }
        }
        assert_eq!(found.len(), 1, "{}", problem.question);
        let answer: Vec<&str> = problem.answer.split(", ").collect();
        assert_eq!(found[0], answer, "{}", problem.question);
    }
}

/// Whether a sentence about a place holds there.
fn claimed(text: &str, own: &str, place: &str) -> bool {
    let text = text.replace("The coin is ", "It was ").replace(" box", "");
    let text = text.replace("in the ", "").replace("in this", own).replace("me", own);
    let said = text.strip_prefix("It was ").unwrap();
    match said.strip_prefix("not ") {
        Some(other) => other != place,
        None => said.split(" or ").any(|other| other == place),
    }
}

#[test]
fn one_box_and_one_suspect_are_left() {
    for problem in made(boxes).into_iter().chain(made(suspects)) {
        let question = problem.question.replace(" box says", " says");
        let said = says(&question);
        let truths = [("Exactly one of the", 1), ("Exactly two of the", 2)];
        let tells = |(text, _): &&(&str, usize)| question.contains(text);
        let suspects = |n: usize| {
            let many = format!("Exactly {n} of them tell the truth");
            question.contains(&many) || (n == 1 && question.contains("one of them tells"))
        };
        let truths = match (1..=3).find(|n| suspects(*n)) {
            Some(n) => n,
            None => truths.iter().find(tells).unwrap().1,
        };
        let fits = |place: &str| {
            said.iter().filter(|(own, text)| claimed(text, own, place)).count() == truths
        };
        let found: Vec<&str> =
            said.iter().map(|(name, _)| *name).filter(|name| fits(name)).collect();
        assert_eq!(found, [problem.answer.as_str()], "{question}");
    }
}

#[test]
fn the_order_of_runners_is_the_only_one() {
    for problem in made(order) {
        let (runners, rest) = problem.question.split_once(" ran a race").unwrap();
        let runners = runners.replace(" and ", ", ");
        let names: Vec<&str> = runners.split(", ").collect();
        let sentences: Vec<&str> = rest.split(". ").skip(1).collect();
        let (asked, clues) = sentences.split_last().unwrap();
        let mut found = BTreeSet::new();
        let mut worlds = 0;
        for world in orders(names.len()) {
            let place = |name: &str| world.iter().position(|at| names[*at] == name).unwrap() as i64;
            let holds = |clue: &&str| {
                let words: Vec<&str> = clue.split(' ').collect();
                match words.as_slice() {
                    [a, "did", "not", "come", nth] => ordinal(place(a) + 1) != *nth,
                    [a, "came", "neither", ..] => (1..names.len() as i64 - 1).contains(&place(a)),
                    [a, "came", "directly", "after", b] => place(a) == place(b) + 1,
                    [a, "came", "before", b] => place(a) < place(b),
                    ["Exactly", "one", "runner", "came", "between", a, "and", b] => {
                        (place(a) - place(b)).abs() == 2
                    }
                    other => panic!("{other:?}"),
                }
            };
            if clues.iter().all(holds) {
                worlds += 1;
                let nth = asked.trim_start_matches("Who came ").trim_end_matches('?');
                let who = names.iter().find(|name| ordinal(place(name) + 1) == nth).unwrap();
                found.insert((*who).to_owned());
            }
        }
        assert_eq!(worlds, 1, "{}", problem.question);
        assert_eq!(found.first(), Some(&problem.answer), "{}", problem.question);
    }
}

#[test]
fn each_pet_has_one_owner() {
    for problem in made(matching) {
        let (people, rest) = problem.question.split_once(" each have").unwrap();
        let people = people.replace(" and ", ", ");
        let names: Vec<&str> = people.split(", ").collect();
        let sentences: Vec<&str> = rest.split(". ").collect();
        let pets = sentences[1].trim_start_matches("The pets are a ").replace(" and a ", ", a ");
        let pets: Vec<&str> = pets.split(", a ").collect();
        let (asked, clues) = sentences[2..].split_last().unwrap();
        let mut found = Vec::new();
        for world in orders(names.len()) {
            let has = |name: &str, pet: &str| {
                let at = names.iter().position(|other| *other == name).unwrap();
                pets[world[at]] == pet
            };
            let holds = |clue: &&str| {
                let clue = clue.replace([',', '.'], "");
                let words: Vec<&str> = clue.split(' ').collect();
                match words.as_slice() {
                    [a, "has", "neither", "the", x, "nor", "the", y] => !has(a, x) && !has(a, y),
                    [a, "has", "the", x, "the", y, "or", "the", z] => {
                        has(a, x) || has(a, y) || has(a, z)
                    }
                    [a, "has", "the", x] => has(a, x),
                    ["If", a, "has", "the", x, "then", b, "has", "the", y] => {
                        !has(a, x) || has(b, y)
                    }
                    ["Either", a, "or", b, "has", "the", x] => has(a, x) || has(b, x),
                    other => panic!("{other:?}"),
                }
            };
            if clues.iter().all(holds) {
                let asked = asked.split(' ').nth(3).unwrap();
                let at = names.iter().position(|name| *name == asked).unwrap();
                found.push(pets[world[at]]);
            }
        }
        assert_eq!(found, [problem.answer.as_str()], "{}", problem.question);
    }
}
