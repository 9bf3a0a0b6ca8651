//! Pairs of answers (`cases.txt`), and responses with their answers.

use super::*;

const CASES: &str = include_str!("cases.txt");

#[test]
fn the_same_answers_are_found_to_be_the_same_and_no_others() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let (pair, same) = match (line.split_once(" === "), line.split_once(" =/= ")) {
            (Some(pair), None) => (pair, true),
            (None, Some(pair)) => (pair, false),
            _ => panic!("no case: {line}"),
        };
        count += 1;
        if equivalent(pair.0, pair.1) != same || equivalent(pair.1, pair.0) != same {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 200, "{count}");
}

const RESPONSES: [(&str, &str, Grade); 47] = [
    ("72", "She sold 48 + 24 = 72 clips.\n#### 72", Grade::Right),
    ("72", "#### 72\n", Grade::Right),
    ("72", "#### 73", Grade::Wrong),
    ("1200", "So it costs 1,200 dollars.", Grade::Right),
    ("5", "First 3, then 4, so the total is 5.", Grade::Right),
    ("5", "The answer is 5.", Grade::Right),
    ("5", "The answer is: 5", Grade::Right),
    ("5", "**Answer:** 5", Grade::Right),
    ("5", "Final answer: $5$. I checked it with 7.", Grade::Right),
    ("5", "The answer is 4. No, wait. The answer is 5.", Grade::Right),
    ("5", "The answer is 5. Wait, the answer is 4.", Grade::Wrong),
    ("5", "I do not know.", Grade::Missing),
    ("5", "", Grade::Missing),
    ("\\frac{1}{2}", "Thus $\\boxed{\\frac{1}{2}}$.", Grade::Right),
    ("\\frac{1}{2}", "Thus $\\boxed{\\dfrac12}$.", Grade::Right),
    ("\\frac{1}{2}", "First \\boxed{3}, but really \\boxed{0.5}", Grade::Right),
    ("\\frac{1}{2}", "\\boxed{\\frac{1}{2}", Grade::Wrong),
    ("\\sqrt{3}", "We get \\boxed{\\sqrt{3}}, about 1.732.", Grade::Right),
    ("7", "\\boxed 7", Grade::Right),
    ("7", "\\fbox{7}", Grade::Right),
    ("(1, 2)", "The point is $\\boxed{\\left(1, 2\\right)}$.", Grade::Right),
    ("-3", "x = -3", Grade::Right),
    ("-3", "The solution is x = −3.", Grade::Right),
    ("0.25", "so the result is 1/4", Grade::Right),
    ("B", "The answer is (B).", Grade::Right),
    ("B", "The answer is B", Grade::Right),
    ("B", "**Answer: B**", Grade::Right),
    ("(B)", "\\boxed{B}", Grade::Right),
    ("B", "\\boxed{\\text{B}}", Grade::Right),
    ("B", "\\boxed{\\text{(B) } 12}", Grade::Right),
    ("B", "Answer: B) Because it floats.", Grade::Right),
    ("B", "A is wrong, C is wrong. B.", Grade::Right),
    ("B", "The answer is C.", Grade::Wrong),
    ("B", "(C)", Grade::Wrong),
    ("B", "Because of gravity", Grade::Missing),
    ("B", "BAD", Grade::Missing),
    ("C", "Option C.", Grade::Right),
    ("C", "Option C. A car is faster.", Grade::Right),
    ("C", "It is C, I think so.", Grade::Right),
    ("A", "It floats: 2 A", Grade::Missing),
    ("A", "I think so", Grade::Missing),
    ("A", "A is right", Grade::Right),
    ("I", "The answer is I.", Grade::Right),
    ("D", "The options A and D remain. D", Grade::Right),
    ("Paris", "The answer is Paris.", Grade::Right),
    ("Paris", "The answer is London.", Grade::Wrong),
    ("1/2", "The probability is 1/2", Grade::Right),
];

#[test]
fn the_final_answer_of_a_response_counts() {
    let graded = RESPONSES.map(|(expected, response, _)| grade(expected, response));
    let wrong: Vec<_> = RESPONSES
        .iter()
        .zip(graded)
        .filter(|((_, _, expected), found)| expected != found)
        .map(|((expected, response, _), found)| format!("{expected}: {response:?} {found:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_option_may_be_given_by_its_text() {
    let options = ["5 A", "2 A", "0.5 A", "10 A"].map(str::to_owned);
    for (response, expected) in [
        ("\\boxed{B}", Some('B')),
        ("\\boxed{2 A}", Some('B')),
        ("\\boxed{\\text{C) } 0.5 A}", Some('C')),
        ("The answer is D) 10 A.", Some('D')),
        ("The answer is 10 A", Some('D')),
        ("The answer is 1/2", Some('C')),
        ("The current is 10 A", None),
        ("So it is B, which is 2 A.", Some('B')),
        ("", None),
    ] {
        assert_eq!(choose(response, &options), expected, "{response}");
    }
    // Two options that are the same tell nothing.
    let options = ["1/2", "0.5"].map(str::to_owned);
    assert_eq!(choose("\\boxed{0.5}", &options), None);
}

#[test]
fn hostile_answers_are_no_answers() {
    let hostile = [
        "(".repeat(100_000),
        "{".repeat(1999),
        "-".repeat(1999) + "1",
        "2^".repeat(900) + "2",
        "\\frac".repeat(399),
        "\\sqrt".repeat(390) + "2",
        "9".repeat(1990),
        "1e999999999999999999999".to_owned(),
        "10^10^10^10".to_owned(),
        "99999999!!!!".to_owned(),
        "\\boxed{".repeat(10_000),
        "1,".repeat(900) + "1",
        "|".repeat(1900),
        "é½∞²".repeat(300),
        "\\".to_owned(),
        "\\begin{pmatrix}".to_owned(),
    ];
    for text in hostile {
        assert!(!equivalent("5", &text) && !equivalent(&text, "5"), "{}", &text[..4]);
        assert_ne!(grade("5", &text), Grade::Right);
        assert_ne!(grade("B", &text), Grade::Right);
    }
}

#[test]
fn words_around_a_number_are_no_part_of_it() {
    for response in [
        "The answer is 25, as required.",
        "The answer is 25 and we are done",
        "So the answer is 25 (since 5 squared is 25).",
        "The answer is about 25.",
        "The answer is 10 + 15 = 25.",
        "The answer is that she has 25 apples",
        "The answer is 25!",
        "The answer is not 5 but 25.",
        "#### Step 1: multiply\n5*5 = 25\n#### Step 2: conclude\nThe answer is 25.",
        "#### Final answer: 25",
        "5 * 5 is 25\n#### 25",
        "... so \\boxed{25}. Note: the format is \\boxed{}.",
    ] {
        assert_eq!(grade("25", response), Grade::Right, "{response}");
    }
    for response in ["The answer is 26, not 25.", "\\boxed{26 or 25}", "The answer is 5 = 26"] {
        assert_eq!(grade("25", response), Grade::Wrong, "{response}");
    }
    assert_eq!(given("blue", "#### blue").as_deref(), Some("blue"));
}

#[test]
fn letters_may_be_wrapped_and_are_options() {
    let options = ["w", "x", "y", "z"].map(str::to_owned);
    for response in [
        "\\boxed{b}",
        "the answer is b.",
        "Answer: b)",
        "The correct answer: option (b)",
        "The answer is \"B\".",
        "The answer is [B].",
        "The answer is I think B.",
    ] {
        assert_eq!(choose(response, &options), Some('B'), "{response}");
    }
    assert_eq!(choose("E or so", &options), None);
}
