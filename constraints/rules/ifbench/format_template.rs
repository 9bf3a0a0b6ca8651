//! `format:output_template`: answer, conclusion and outlook under their labels (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const LABELS: [&str; 3] = ["My Answer:", "My Conclusion:", "Future Outlook:"];

pub(super) static RULE: Rule = Rule {
    id: "format:output_template",
    about: "The response holds the labels \"My Answer:\", \"My Conclusion:\" and \"Future \
            Outlook:\", in this case and spelling (IFBench). Official: anywhere. Corrected: in \
            this order, each with a letter or digit between it and the next or the end.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Use this exact template for your response: My Answer: [answer] My Conclusion: \
             [conclusion] Future Outlook: [outlook]",
            "Answer after this pattern: My Answer: [answer] My Conclusion: [conclusion] Future \
             Outlook: [outlook]",
            "Your response has three parts, labelled \"My Answer:\", \"My Conclusion:\" and \
             \"Future Outlook:\" in this order.",
            "Start with \"My Answer:\" and your answer, go on with \"My Conclusion:\" and your \
             conclusion, and end with \"Future Outlook:\" and an outlook.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let good = match profile {
                Profile::Official => {
                    LABELS.iter().filter(|label| text.raw().contains(**label)).count()
                }
                Profile::Corrected => in_order(text.raw()),
            };
            let note = format!("{good} of {} parts", LABELS.len());
            Verdict::share(good as u64, LABELS.len() as u64, note)
        })
    },
    demands: |_| {
        let parts = [
            ["The moon pulls at the sea.", "Tides follow the moon.", "They will go on for ages."],
            ["Yes, it can be done.", "It takes some time.", "Next year it will be easier."],
            ["Plant them in spring.", "Warm soil is best.", "Expect flowers in June."],
        ];
        let draft = |parts: [&str; 3], glue: &str| {
            let parts: Vec<String> =
                LABELS.iter().zip(parts).map(|(label, part)| format!("{label} {part}")).collect();
            parts.join(glue)
        };
        let drafts = vec![
            draft(parts[0], "\n"),
            draft(parts[1], "\n\n"),
            draft(parts[2], " "),
            draft(parts[0], "\n\n"),
        ];
        Ok(vec![Demand::Draft(drafts)])
    },
    examples: &[
        Example {
            args: "{}",
            response: "My Answer: yes. My Conclusion: do it. Future Outlook: good.",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "**My Answer:** yes\n\n**My Conclusion:** do it\n\n**Future Outlook:** good",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "My answer: yes. My conclusion: do it. Future outlook: good.",
            satisfied: false,
        },
        Example { args: "{}", response: "My Answer: yes. Future Outlook: good.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "an exact template has its parts in order",
            args: "{}",
            response: "Future Outlook: good. My Conclusion: do it. My Answer: yes.",
            official: true,
        },
        Deviation {
            reason: "labels alone give no answer",
            args: "{}",
            response: "My Answer:\nMy Conclusion:\nFuture Outlook:",
            official: true,
        },
    ],
};

/// How many parts there are, from the first on, with something under their labels.
fn in_order(raw: &str) -> usize {
    let mut rest = raw;
    let mut good = 0;
    for (at, label) in LABELS.iter().enumerate() {
        let Some((_, after)) = rest.split_once(label) else { return good };
        let end = LABELS.get(at + 1).and_then(|next| after.find(next)).unwrap_or(after.len());
        if !after[..end].contains(char::is_alphanumeric) {
            return good;
        }
        good += 1;
        rest = after;
    }
    good
}
