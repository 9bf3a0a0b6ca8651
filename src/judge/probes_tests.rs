//! Judges with a known bias, and what the probes find of it.

use super::*;
use crate::judge::testing::{DIGITS, case};

/// Marks the criterion at a place of a response; told how often it was asked before.
type Mind = fn(&Case, usize, u32) -> bool;

struct Fake(Mind);

impl Judge for Fake {
    fn name(&self) -> &str {
        "fake"
    }

    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        let ruling = |case: &Case| {
            let marks: Vec<bool> =
                (0..case.criteria.len()).map(|at| (self.0)(case, at, form.first)).collect();
            Ruling { reply: (form.write)(case, &marks), marks: Some(marks) }
        };
        Ok(cases.iter().map(ruling).collect())
    }
}

const PLAN: Plan = Plan { cases: 20, seed: 3 };

fn found(mind: Mind, form: &Form<'_>) -> Probes {
    let cases: Vec<Case> = (0..40).map(|at| case(&format!("k{at}"), 4)).collect();
    let mut judge = Fake(mind);
    let mut probing = Probing::new(&mut judge, Some(PLAN));
    let rulings = probing.rule(form, &cases).unwrap();
    assert_eq!(rulings, Fake(mind).rule(form, &cases).unwrap());
    probing.found().unwrap()
}

/// The criterion's own number, wherever it stands.
fn own(case: &Case, at: usize) -> usize {
    case.criteria[at][1..].parse().unwrap()
}

#[test]
fn a_judge_that_reads_is_found_without_bias() {
    let probes = found(|case, at, _| own(case, at).is_multiple_of(2), &DIGITS);
    let (position, verbosity) = (probes.position.unwrap(), probes.verbosity.unwrap());
    for turned in [position.turned, verbosity.turned, probes.repeat] {
        assert_eq!((turned.cases, turned.unread), (20, 0));
        assert_eq!((turned.changed.correct, turned.changed.total), (0, 80));
        assert_eq!((turned.to_yes.total, turned.to_no.total), (40, 40));
        assert_eq!(turned.p, 1.0);
    }
    assert_eq!((position.early, position.late), (Rate::new(40, 80), Rate::new(40, 80)));
    assert_eq!(verbosity.left_out, 0);
}

#[test]
fn a_judge_that_favours_the_first_is_found() {
    let probes = found(|_, at, _| at < 1, &DIGITS);
    let position = probes.position.unwrap();
    assert_eq!(
        (position.turned.to_yes, position.turned.to_no),
        (Rate::new(20, 60), Rate::new(20, 20))
    );
    // Four criteria a case, and each stands once early and once late.
    assert_eq!((position.early, position.late), (Rate::new(40, 80), Rate::new(0, 80)));
    assert!(position.p_order < 1e-9 && position.turned.p == 1.0, "{position:?}");
    assert_eq!(probes.verbosity.unwrap().turned.changed.correct, 0);
    let text = probes.markdown();
    assert!(text.contains("early 50.0 %") && text.contains("late 0.0 %"), "{text}");
}

#[test]
fn a_judge_that_favours_length_is_found() {
    let probes = found(|case, at, _| case.response.len() > 20 || own(case, at) == 0, &DIGITS);
    let verbosity = probes.verbosity.unwrap().turned;
    assert_eq!((verbosity.to_yes, verbosity.to_no), (Rate::new(60, 60), Rate::new(0, 20)));
    assert!(verbosity.p < 1e-9);
    assert_eq!(probes.position.unwrap().turned.changed.correct, 0);
}

#[test]
fn noise_is_found_by_asking_again() {
    let probes = found(|case, at, first| (own(case, at) == 0) == (first == 0), &DIGITS);
    assert_eq!(probes.repeat.changed, Rate::new(80, 80));
    assert_eq!(probes.verbosity.unwrap().turned.changed.correct, 0);
}

#[test]
fn criteria_that_padding_touches_are_left_out() {
    let form = DIGITS;
    let mut one = case("a", 2);
    one.criteria[0] = "Use at most 30 words.".to_owned();
    let mut judge = Fake(|case, _, _| case.response.len() < 20);
    let cases = [one];
    let rulings = judge.rule(&form, &cases).unwrap();
    let probes = probe(&form, &mut judge, &cases, &rulings, PLAN).unwrap();
    let verbosity = probes.verbosity.unwrap();
    assert_eq!((verbosity.left_out, verbosity.turned.to_no), (1, Rate::new(1, 1)));
    let named = Case { named_only: true, instruction: "In 30 words.".to_owned(), ..case("b", 3) };
    let rulings = judge.rule(&form, std::slice::from_ref(&named)).unwrap();
    let probes = probe(&form, &mut judge, &[named], &rulings, PLAN).unwrap();
    assert_eq!(probes.verbosity.unwrap().left_out, 3, "what the names ask is not known");
}

#[test]
fn what_cannot_be_asked_or_read_is_said() {
    let form = Form { ask: &|_| None, ..DIGITS };
    let probes = found(|case, at, _| own(case, at) == 0, &form);
    assert_eq!((probes.position, probes.verbosity), (None, None));
    assert_eq!(probes.repeat.changed.total, 80);
    assert_eq!(probes.markdown().matches("cannot be asked").count(), 2);
    // A case without marks is none to draw, and one with a single criterion has no order.
    let cases = [case("a", 1), case("b", 2)];
    let rulings = [Ruling { reply: None, marks: Some(vec![true]) }, Ruling::default()];
    let mut judge = Fake(|_, _, _| true);
    let probes = probe(&DIGITS, &mut judge, &cases, &rulings, PLAN).unwrap();
    assert_eq!((probes.cases, probes.position), (1, None));
    let probes = probe(&DIGITS, &mut judge, &[], &[], PLAN).unwrap();
    assert_eq!((probes.cases, probes.repeat.changed.total), (0, 0));
}

#[test]
fn the_draw_is_by_seed_alone() {
    let cases: Vec<Case> = (0..40).map(|at| case(&format!("k{at}"), 1)).collect();
    let rulings = vec![Ruling { reply: None, marks: Some(vec![true]) }; 40];
    let keys = |seed| {
        let drawn = draw(&cases, &rulings, Plan { cases: 9, seed });
        drawn.iter().map(|(case, _)| case.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(1), keys(1));
    assert_ne!(keys(1), keys(2));
    let mut once = keys(1);
    once.dedup();
    assert_eq!(once.len(), 9);
}
