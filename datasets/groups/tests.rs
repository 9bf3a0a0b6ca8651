use heedful_constraints::{Constraint, Profile, Text};

use super::*;
use crate::grammar::{Demonstrations, Recipe, Split};
use crate::manifest::Revision;
use crate::{recipe, stage};

fn text(wanted: u64, range: Range<usize>, make: impl Fn(usize) -> Option<Group> + Sync) -> String {
    let mut out = Vec::new();
    write(&mut out, wanted, range, make).expect("enough");
    String::from_utf8(out).expect("UTF-8")
}

fn read_text(text: &str) -> Result<Vec<Group>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("g.jsonl");
    std::fs::write(&path, text).expect("written");
    read(&path)
}

/// That the rules say of hard constraints what the group does, and that counts rise from 1.
fn check(groups: &[Group], size: usize) {
    for group in groups {
        assert_eq!((group.constraints.len(), group.responses.len()), (size, size));
        for (graded, count) in group.responses.iter().zip(1..) {
            assert_eq!(graded.count, count);
            let read = Text::new(&graded.text);
            for (member, satisfied) in group.constraints.iter().zip(&graded.satisfied) {
                if member.kind == Kind::Hard {
                    let args = member.args.clone();
                    let rule = Constraint::compile(&member.id, args, Profile::Corrected);
                    let verdict = rule.expect("good").check(&read);
                    assert_eq!(verdict.satisfied, *satisfied, "{}: {}", group.key, member.id);
                }
            }
        }
    }
}

#[test]
fn witnesses_are_broken_one_rule_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = "name = \"t\"\ndrawings = 60\nmax_level = 4\nhard_share = 0.9";
    let recipe = recipe::parse(recipe, "t", Path::new("")).expect("good");
    let built = stage::build(&recipe, folder.path(), Revision::default(), &|_| {}).expect("builds");
    let sources = sources(&built.artifact.path, 3, Profile::Corrected).expect("good");
    assert!(sources.len() > 50, "{}", sources.len());
    let make = |at: usize| by_witness(&sources[at], 7, at);
    let written = text(30, 0..sources.len(), make);
    assert_eq!(written, text(30, 0..sources.len(), make), "the same bytes again");
    let groups = read_text(&written).expect("good");
    assert_eq!(groups.len(), 30);
    check(&groups, 3);
    let few = write(&mut Vec::new(), 1000, 0..sources.len(), make).expect_err("too many");
    assert!(few.to_string().contains("of 1000 groups"), "{few}");
}

#[test]
fn the_grammar_answers_as_it_is_told() {
    let drawn = Demonstrations::new(Recipe::default(), 3).expect("good");
    let make = |at: usize| drawn.group(Split::Dev, at as u64, 4);
    let groups = read_text(&text(20, 0..200, make)).expect("good");
    check(&groups, 4);
    assert!(groups.iter().any(|g| g.constraints.iter().any(|c| c.kind == Kind::Soft)));
    assert!(drawn.group(Split::Dev, 0, 99).is_none());
}

#[test]
fn what_is_no_group_is_named() {
    let good = r#"{"key":"a","instruction":null,"prompt":"p","constraints":[
        {"id":"x:y","kind":"hard","text":"t","args":{}},
        {"id":"soft:z","kind":"soft","text":"u","args":{"trait":"sad"}}],"responses":[
        {"text":"r","satisfied":[true,false],"count":1},
        {"text":"s","satisfied":[true,true],"count":2}]}"#
        .replace('\n', " ");
    let groups = read_text(&good).expect("good");
    assert_eq!(groups[0].responses[1], Graded::new("s".to_owned(), vec![true, true]));
    assert_eq!(read_text(&row(&groups[0]).to_string()).expect("good"), groups);
    let cases = [
        (r#""key":"a","#, "", "`key`: is missing"),
        (r#""count":2"#, r#""count":1"#, "not the number of satisfied ones, 2"),
        ("[true,true]", "[true]", "has 1 entries for 2 constraints"),
        ("[true,true]", "[true,1]", "not true or false"),
        (r#"[true,true],"count":2"#, r#"[true,false],"count":1"#, "do not rise"),
        (r#""kind":"soft""#, r#""kind":"odd""#, "`kind`"),
        (r#""args":{}"#, r#""args":[]"#, "`args`"),
        (r#""prompt":"p""#, r#""prompt":3"#, "`prompt`"),
        (r#"{"text":"r","#, r#"{"texts":"r","#, "`text`: is missing"),
    ];
    for (old, new, named) in cases {
        let error = read_text(&good.replacen(old, new, 1)).expect_err(named).to_string();
        assert!(error.contains(named) && error.contains("line 1"), "{error}");
    }
    let twice = read_text(&format!("{good}\n{good}")).expect_err("twice").to_string();
    assert!(twice.contains("line 2") && twice.contains("stands twice"), "{twice}");
    assert!(read_text("").is_err());
}
