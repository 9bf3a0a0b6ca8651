//! `format:code_block`: a fenced block in a named language.

use serde_json::json;

use super::fences::best_block;
use crate::demand::Demand;
use crate::draw::args;
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// Languages to ask for, each with one short line in it.
const LANGUAGES: [(&str, &str); 14] = [
    ("python", "pass"),
    ("bash", "echo hello"),
    ("sql", "select name from town;"),
    ("rust", "let bread = flour;"),
    ("javascript", "let bread = flour;"),
    ("typescript", "let bread = flour;"),
    ("java", "bread = flour;"),
    ("c", "bread = flour;"),
    ("go", "bread = flour"),
    ("ruby", "puts bread"),
    ("html", "<p>bread</p>"),
    ("css", "body { color: red }"),
    ("toml", "bread = true"),
    ("text", "bread and salt"),
];

pub(super) static RULE: Rule = Rule {
    id: "format:code_block",
    about: "The response has a closed fenced code block whose info string starts with this \
            language (in any case) and whose body is not blank. The body is not parsed.",
    schema: r#"{"properties": {
        "language": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9+#._-]{0,29}$"}
    }, "required": ["language"]}"#,
    texts: |_| {
        Ok(&[
            "Include a fenced code block marked as \"{language}\" that is not empty.",
            "Your response must contain a non-empty Markdown code block between triple backticks \
             with the language tag \"{language}\".",
            "Put some code into a fenced block whose opening line names \"{language}\", and close \
             the block.",
            "Show a non-empty ```{language} code block, properly closed.",
        ])
    },
    sample: |draw| {
        let (language, _) = LANGUAGES[draw.between(0, LANGUAGES.len() as u64 - 1) as usize];
        args([("language", json!(language))])
    },
    compile: |args, _| {
        let language = args.text("language")?.to_owned();
        check(move |text| {
            best_block(text.raw(), &[&language], |body| match strings::strip(body).is_empty() {
                true => Verdict::fail(format!("the {language} block is empty")),
                false => Verdict::pass(format!("has a {language} block")),
            })
        })
    },
    demands: |args| {
        let language = args.text("language")?;
        let known = LANGUAGES.iter().find(|(name, _)| name.eq_ignore_ascii_case(language));
        let body = known.map_or("bread", |(_, body)| body);
        Ok(vec![Demand::Fenced(language.to_owned(), body.to_owned())])
    },
    examples: &[
        Example {
            args: r#"{"language": "python"}"#,
            response: "Run this:\n\n```Python\nprint(1)\n```\n",
            satisfied: true,
        },
        Example {
            args: r#"{"language": "c++"}"#,
            response: "~~~c++ title=main\nint x;\n~~~",
            satisfied: true,
        },
        Example {
            args: r#"{"language": "python"}"#,
            response: "```python\nprint(1)",
            satisfied: false,
        },
        Example {
            args: r#"{"language": "python"}"#,
            response: "```\nprint(1)\n```\n```python\n\n```",
            satisfied: false,
        },
    ],
    deviations: &[],
};
