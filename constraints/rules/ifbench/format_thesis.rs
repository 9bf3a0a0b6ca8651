//! `format:thesis`: a thesis in HTML italics with text behind it (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

const TAGS: [(&str, &str); 2] = [("<i>", "</i>"), ("<em>", "</em>")];

pub(super) static RULE: Rule = Rule {
    id: "format:thesis",
    about: "The response has text in HTML italics, <i>…</i> or <em>…</em>, and more text behind it \
            (IFBench); sections are not told apart. Official: from the first <i> (if there is \
            none, <em>) to the next </i> (else </em>), and of <em> the last letter and bracket \
            count as text. Corrected: from the first tag to its own end.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Each section must begin with a thesis statement in italics, use HTML to indicate the \
             italics.",
            "Start every section with its thesis, set in italics by HTML tags.",
            "Open each section with a thesis statement between <i> and </i>.",
            "Every section of your text needs a thesis statement at its start, in italics (HTML \
             markup).",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| match profile {
            Profile::Official => official(text.raw()),
            Profile::Corrected => corrected(text.raw()),
        })
    },
    demands: |_| {
        let drafts = [
            "<i>The moon moves the sea.</i> Its pull raises the water twice a day.",
            "<i>Bread takes time.</i>\nThe dough has to rise before it is baked.",
            "<em>Walking is the best way to see a town.</em> Nothing is missed on foot.",
            "<i>Trees cool our streets.</i>\n\nTheir leaves give shade.\n\n<i>They also clean the \
             air.</i>\n\nDust stays on the leaves.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example { args: "{}", response: "<i>Bread is good.</i> It feeds us.", satisfied: true },
        Example { args: "{}", response: "# Bread\n<em>It is good.</em>\nOh yes", satisfied: true },
        Example { args: "{}", response: "*Bread is good.* It feeds us.", satisfied: false },
        Example { args: "{}", response: "<i>Bread is good.</i>\n", satisfied: false },
        Example { args: "{}", response: "<i> </i> Bread is good.", satisfied: false },
    ],
    deviations: &[
        Deviation { reason: "a tag is no text", args: "{}", response: "<em></em>", official: true },
        Deviation {
            reason: "text in italics must end where its own tag is closed",
            args: "{}",
            response: "<i>Bread is good. It feeds us.</em> Yes.",
            official: true,
        },
    ],
};

fn none() -> Verdict {
    Verdict::fail("no text in HTML italics")
}

/// The verdict on the text in italics and the text behind.
fn judge(thesis: &str, behind: &str) -> Verdict {
    if strip(thesis).is_empty() {
        partly(0.5, "nothing in italics".to_owned())
    } else if strip(behind).is_empty() {
        partly(0.5, "nothing behind the text in italics".to_owned())
    } else {
        Verdict::pass("text in italics and text behind it")
    }
}

fn official(raw: &str) -> Verdict {
    let starts = TAGS.iter().find_map(|(open, _)| raw.find(open));
    let Some(text) = starts.map(|at| &raw[at..]) else { return none() };
    let ends = TAGS.iter().find_map(|(_, close)| text.find(close));
    let Some(end) = ends else { return none() };
    // Both cuts are made for the shorter tag.
    judge(&text["<i>".len()..end], &text[end + "</i>".len()..])
}

fn corrected(raw: &str) -> Verdict {
    let found = TAGS.iter().filter_map(|(open, close)| Some((raw.find(open)?, open, close))).min();
    let Some((at, open, close)) = found else { return none() };
    match raw[at + open.len()..].split_once(close) {
        Some((thesis, behind)) => judge(thesis, behind),
        None => none(),
    }
}
