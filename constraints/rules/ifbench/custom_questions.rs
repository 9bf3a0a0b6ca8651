//! `custom:mcq_count_length`: four multiple-choice questions, each longer than the last (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::error::Result;
use crate::python::chars::is_word;
use crate::python::pattern::{Flags, Pattern};
use crate::python::strings::{char_len, lstrip, strip};
use crate::rule::{Check, Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

const QUESTIONS: usize = 4;
const OPTIONS: usize = 5;

pub(super) static RULE: Rule = Rule {
    id: "custom:mcq_count_length",
    about: "The response starts with \"Question\" and falls into 4 questions at each \"Question\" \
            with a number (and one of `.|):;`) behind it; each has 5 lines of options, marked A to \
            E or a to e and one of `.|)`, and more characters before its options than the \
            question before (IFBench). Lines behind the first option that are none are passed \
            over.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Generate 4 multiple choice questions with 5 options each about \"20th century art \
             history\". Each question should start with the label \"Question\". The questions \
             should get progressively longer. Do not provide an explanation.",
            "Write four multiple choice questions on the art history of the 20th century, labelled \
             \"Question 1\" to \"Question 4\", with five options (A to E) each. Every question has \
             to be longer than the one before. Give no explanation.",
            "I need 4 questions about 20th century art history with 5 choices each and no further \
             text. Start each with \"Question\" and its number, and let their length grow from \
             one to the next.",
            "Make a quiz of four ever longer multiple choice questions on 20th century art, each \
             introduced by \"Question\" and a number and followed by options A to E. Explain \
             nothing.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| compile(),
    demands: |_| Ok(vec![Demand::Draft((0..4).map(draft).collect())]),
    examples: &[
        Example {
            args: "{}",
            response: "Question 1\nWho?\nA. a\nB. b\nC. c\nD. d\nE. e\n\nQuestion 2: Where to?\n\
                       a) a\nb) b\nc) c\nd) d\ne) e\nQuestion 3) Who went there?\nA)a\nB)b\nC)c\n\
                       D)d\nE)e\n\nQuestion 4;\nWho painted\nall this?\n  A. a\n  B. b\n  C. c\n\
                       \n  D. d\n  E. e",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Question #1 Who\nA. a\nB. b\nC. c\nD. d\nE. e\nQuestion 2 Who painted \
                       all this?\nA. a\nB. b\nC. c\nD. d\nE. e\nQuestion 3 Who painted it at \
                       night?\nA. a\nB. b\nC. c\nD. d\nE. e\nQuestion 4 Who painted it with a \
                       knife alone?\nA. a\nB. b\nC. c\nD. d\nE. e",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Question 1 Who?\nA. a\nB. b\nC. c\nD. d\nQuestion 2 Who was it?\nA. a\n\
                       B. b\nC. c\nD. d\nQuestion 3 Who was it now?\nA. a\nB. b\nC. c\nD. d\n\
                       Question 4 Who was it in the end?\nA. a\nB. b\nC. c\nD. d",
            satisfied: false,
        },
        Example {
            args: "{}",
            response: "Sure!\nQuestion 1 Who?\nA. a\nB. b\nC. c\nD. d\nE. e\nQuestion 2 Who was it?\
                       \nA. a\nB. b\nC. c\nD. d\nE. e\nQuestion 3 Who was it now?\nA. a\nB. b\n\
                       C. c\nD. d\nE. e\nQuestion 4 Who was it in the end?\nA. a\nB. b\nC. c\n\
                       D. d\nE. e",
            satisfied: false,
        },
        Example { args: "{}", response: "Question 1\nWho?\nA. a", satisfied: false },
    ],
    deviations: &[],
};

fn compile() -> Result<Check> {
    let label = Pattern::new(r"\n*(?:Question \d+[\.|\):;]?\s*)", Flags::default())
        .expect("a pattern of ours");
    check(move |text| {
        if !text.raw().starts_with("Question") {
            return Verdict::fail("it does not start with \"Question\"");
        }
        let (mut count, mut good, mut longest) = (0, 0, None);
        for question in pieces(&label, text.raw()).map(strip).filter(|piece| !piece.is_empty()) {
            let (length, options) = measure(question);
            let longer = longest.is_none_or(|longest| length > longest);
            good += usize::from(longer && options == OPTIONS);
            longest = Some(length);
            count += 1;
        }
        let note = format!(
            "{count} questions, {good} of them with {OPTIONS} options and longer than the last"
        );
        match count == QUESTIONS && good == QUESTIONS {
            true => Verdict::pass(note),
            false => partly(good as f32 / count.max(QUESTIONS) as f32, note),
        }
    })
}

/// `re.split(label, text)`.
fn pieces<'t>(label: &Pattern, text: &'t str) -> impl Iterator<Item = &'t str> {
    let mut at = 0;
    let end = std::iter::once(text.len()..text.len());
    let found = label.find_iter(text).chain(end);
    found.map(move |label| {
        let piece = &text[at..label.start];
        at = label.end;
        piece
    })
}

/// The characters before the first option, white space at the ends of lines as one space, and the
/// number of options.
fn measure(question: &str) -> (usize, usize) {
    let mut asked = String::new();
    let mut options = 0;
    for line in question.split('\n').map(strip) {
        if is_option(line) {
            options += 1;
        } else if options == 0 {
            asked.push(' ');
            asked.push_str(line);
        }
    }
    (char_len(strip(&asked)), options)
}

/// `re.match(r"^[A-Ea-e][\.|\)]\s*\w+", line)`.
fn is_option(line: &str) -> bool {
    let rest = line.strip_prefix(|c| matches!(c, 'A'..='E' | 'a'..='e'));
    let rest = rest.and_then(|rest| rest.strip_prefix(['.', '|', ')']));
    rest.is_some_and(|rest| lstrip(rest).starts_with(is_word))
}

/// What the questions ask, from the shortest to the longest, with five options.
const QUIZ: [(&str, [&str; OPTIONS]); 7] = [
    ("Who painted Guernica?", ["Matisse", "Picasso", "Klee", "Miro", "Braque"]),
    ("Which movement did Andy Warhol lead?", ["Fauvism", "Cubism", "Pop Art", "Futurism", "Dada"]),
    (
        "In which city was the Bauhaus school founded in 1919?",
        ["Berlin", "Dessau", "Weimar", "Munich", "Leipzig"],
    ),
    (
        "Which artist is known for the drip paintings of the late 1940s and early 1950s?",
        ["Rothko", "Pollock", "Newman", "Kline", "Still"],
    ),
    (
        "Which movement, founded in Zurich during the First World War, mocked reason, order and \
         the art trade?",
        ["Dada", "Surrealism", "Orphism", "Vorticism", "De Stijl"],
    ),
    (
        "Which Mexican painter, married to Diego Rivera, turned her own illness and pain into a \
         long series of self-portraits?",
        ["Frida Kahlo", "Remedios Varo", "Leonora Carrington", "Tina Modotti", "Maria Izquierdo"],
    ),
    (
        "Which Dutch painter of the group around the journal De Stijl limited his pictures to \
         black lines at right angles and fields of red, yellow and blue?",
        [
            "Theo van Doesburg",
            "Piet Mondrian",
            "Bart van der Leck",
            "Gerrit Rietveld",
            "Karel Appel",
        ],
    ),
];

fn draft(variant: usize) -> String {
    let dot = if variant.is_multiple_of(2) { "." } else { ")" };
    let questions =
        QUIZ[variant..variant + QUESTIONS].iter().zip(1..).map(|((asked, names), n)| {
            let options = names.iter().zip('A'..);
            let options = options.map(|(name, letter)| format!("\n{letter}{dot} {name}"));
            format!("Question {n}: {asked}{}", options.collect::<String>())
        });
    questions.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_marked_and_hold_a_word() {
        for (line, expected) in
            [("A. x", true), ("e)x", true), ("b|\u{a0}_", true), ("F. x", false), ("A. *x", false)]
        {
            assert_eq!(is_option(line), expected, "{line}");
        }
        assert!(!is_option("A") && !is_option("A.") && !is_option("A x"));
    }

    #[test]
    fn questions_are_measured_to_their_first_option() {
        assert_eq!(measure("Who \n was it?\nA. x\nmore\nB) y"), (11, 2));
        assert_eq!(measure("A. x"), (0, 1));
    }
}
