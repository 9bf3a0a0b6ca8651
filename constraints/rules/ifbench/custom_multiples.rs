//! `custom:multiples`: the multiples of 7 between 10 and 50 (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::python::chars::is_digit;
use crate::rule::{Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

const MULTIPLES: [&str; 6] = ["14", "21", "28", "35", "42", "49"];

pub(super) static RULE: Rule = Rule {
    id: "custom:multiples",
    about: "The runs of digits in the response, in any script, are 14, 21, 28, 35, 42 and 49 in \
            this order and no others (IFBench). What stands between them is free.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Count from 10 to 50 but only print multiples of 7.",
            "Go through the numbers from 10 to 50 and write down just the multiples of 7.",
            "Print those numbers from 10 to 50 that 7 divides, in ascending order, and no others.",
            "Count up from 10 to 50, saying only the numbers that are multiples of 7.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let runs = text.raw().split(|c: char| !is_digit(c)).filter(|run| !run.is_empty());
            let (mut good, mut total) = (0, 0);
            for run in runs {
                good += usize::from(MULTIPLES.get(total) == Some(&run));
                total += 1;
            }
            let note = format!("{good} of {} multiples in place, {total} numbers", MULTIPLES.len());
            match good == MULTIPLES.len() && total == good {
                true => Verdict::pass(note),
                false => partly(good as f32 / total.max(MULTIPLES.len()) as f32, note),
            }
        })
    },
    demands: |_| {
        let joined = |glue: &str| MULTIPLES.join(glue);
        let drafts =
            vec![joined(", "), joined("\n"), joined("; "), format!("- {}", joined("\n- "))];
        Ok(vec![Demand::Draft(drafts)])
    },
    examples: &[
        Example { args: "{}", response: "14, 21, 28, 35, 42, 49", satisfied: true },
        Example { args: "{}", response: "14,21,28\n35,42 and 49.", satisfied: true },
        Example {
            args: "{}",
            response: "1. 14\n2. 21\n3. 28\n4. 35\n5. 42\n6. 49",
            satisfied: false,
        },
        Example { args: "{}", response: "7, 14, 21, 28, 35, 42, 49", satisfied: false },
        Example {
            args: "{}",
            response: "Multiples of 7: 14, 21, 28, 35, 42, 49",
            satisfied: false,
        },
    ],
    deviations: &[],
};
