//! `custom:reverse_newline`: the countries of Africa from Z to A (IFBench).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::python::ascii::fold;
use crate::rule::{Example, Rule, check};
use crate::rules::fences::partly;
use crate::text::Text;
use crate::verdict::Verdict;

use super::bare::is_edge;

/// The lines from Zimbabwe on, at least.
const LINES: usize = 52;

/// The countries, in the order asked for.
const COUNTRIES: [&str; 54] = [
    "Zimbabwe",
    "Zambia",
    "Uganda",
    "Tunisia",
    "Togo",
    "Tanzania",
    "Sudan",
    "South Sudan",
    "South Africa",
    "Somalia",
    "Sierra Leone",
    "Seychelles",
    "Senegal",
    "São Tomé and Príncipe",
    "Rwanda",
    "Republic of the Congo",
    "Nigeria",
    "Niger",
    "Namibia",
    "Mozambique",
    "Morocco",
    "Mauritius",
    "Mauritania",
    "Mali",
    "Malawi",
    "Madagascar",
    "Libya",
    "Liberia",
    "Lesotho",
    "Kenya",
    "Ivory Coast",
    "Guinea-Bissau",
    "Guinea",
    "Ghana",
    "Gambia",
    "Gabon",
    "Ethiopia",
    "Eswatini",
    "Eritrea",
    "Equatorial Guinea",
    "Egypt",
    "Djibouti",
    "Democratic Republic of the Congo",
    "Comoros",
    "Chad",
    "Central African Republic",
    "Cape Verde",
    "Cameroon",
    "Burundi",
    "Burkina Faso",
    "Botswana",
    "Benin",
    "Angola",
    "Algeria",
];

pub(super) static RULE: Rule = Rule {
    id: "custom:reverse_newline",
    about: "From the first line with \"Zimbabwe\" on there are at least 52 lines, each no later \
            in ASCII order than the one before (IFBench). ASCII punctuation and spaces at the \
            ends of lines are taken off, lines without anything else do not count, accents are \
            dropped; that the lines name countries is not looked up.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "List the countries of Africa in reverse alphabetical order, each on a new line.",
            "Write down all African countries from Z to A, one a line.",
            "Name every country of Africa on a line of its own, the last in the alphabet first.",
            "I need the countries of Africa sorted backwards by name, with a line break after \
             each.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| check(judge),
    demands: |_| {
        let plain = COUNTRIES.join("\n");
        let drafts = vec![
            format!("* {}", COUNTRIES.join("\n* ")),
            COUNTRIES.join("\n\n"),
            format!("- {}", COUNTRIES[..LINES].join("\n- ")),
            plain,
        ];
        Ok(vec![Demand::Draft(drafts)])
    },
    examples: &[
        Example {
            args: "{}",
            response: "Here they are:\n\n- Zimbabwe\n- Zambia\n- Uganda\n- Tunisia\n- Togo\n\
                       - Tanzania\n- Sudan\n- South Sudan\n- South Africa\n- Somalia\n\
                       - Sierra Leone\n- Seychelles\n- Senegal\n- São Tomé and Príncipe\n- Rwanda\n\
                       - Republic of the Congo\n- Nigeria\n- Niger\n- Namibia\n- Mozambique\n\
                       - Morocco\n- Mauritius\n- Mauritania\n- Mali\n- Malawi\n- Madagascar\n\
                       - Libya\n- Liberia\n- Lesotho\n- Kenya\n- Ivory Coast\n- Guinea-Bissau\n\
                       - Guinea\n- Ghana\n- Gambia\n- Gabon\n- Ethiopia\n- Eswatini\n- Eritrea\n\
                       - Equatorial Guinea\n- Egypt\n- Djibouti\n\
                       - Democratic Republic of the Congo\n- Comoros\n- Chad\n\
                       - Central African Republic\n- Cape Verde\n- Cameroon\n- Burundi\n\
                       - Burkina Faso\n- Botswana\n- Benin\n- Angola\n- Algeria\n",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Zimbabwe\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\n\
                       a\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\n\
                       a\na\na\na\na\na\na",
            satisfied: false,
        },
        Example {
            args: "{}",
            response: "zzz\nZimbabwe\nZ\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\n\
                       Y\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\nY\n\
                       Y\nY\nY\nY\nY\nA",
            satisfied: true,
        },
        Example { args: "{}", response: "Zimbabwe\nZambia\nUganda", satisfied: false },
        Example { args: "{}", response: "Algeria\nAngola\nBenin", satisfied: false },
    ],
    deviations: &[],
};

fn judge(text: &Text<'_>) -> Verdict {
    let lines = text
        .raw()
        .split('\n')
        .map(|word| word.trim_matches(is_edge))
        .filter(|line| !line.is_empty());
    let lines: Vec<_> =
        lines.skip_while(|line| !line.contains("Zimbabwe")).map(|line| fold(line)).collect();
    if lines.is_empty() {
        return Verdict::fail("no line names Zimbabwe");
    }
    let falling = lines.windows(2).filter(|two| two[0] >= two[1]).count();
    let pairs = lines.len() - 1;
    let note =
        format!("{} lines from Zimbabwe on, {falling} of {pairs} steps go back", lines.len());
    match lines.len() >= LINES && falling == pairs {
        true => Verdict::pass(note),
        false => {
            let near = Bound::at_least(LINES as u64).degree(lines.len() as u64);
            partly(near * (falling + 1) as f32 / lines.len() as f32, note)
        }
    }
}
