//! Templates against recorded renderings of jinja2, and templates that mean harm.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Message, Options, Template, ends_thinking, named};

const RECORDED: &str = include_str!("../../tests/oracles/chat_templates.json");

const SOURCES: [(&str, &str); 8] = [
    ("llama3", include_str!("templates/llama3.jinja")),
    ("mistral", include_str!("templates/mistral.jinja")),
    ("own", super::OWN),
    ("python", include_str!("templates/python.jinja")),
    ("qwen25", include_str!("templates/qwen25.jinja")),
    ("qwen3", include_str!("templates/qwen3.jinja")),
    ("r1", include_str!("templates/r1.jinja")),
    ("smollm2", include_str!("templates/smollm2.jinja")),
];

#[derive(Deserialize)]
struct Case {
    template: String,
    case: String,
    bos: String,
    eos: String,
    options: Map<String, Value>,
    messages: Vec<Message>,
    text: Option<String>,
    raised: Option<String>,
    fault: Option<String>,
}

fn source(name: &str) -> &'static str {
    SOURCES.iter().find(|(known, _)| *known == name).expect(name).1
}

fn compiled(name: &str) -> Template {
    Template::compile(source(name), "", "").unwrap()
}

fn options(map: &Map<String, Value>) -> Options {
    let flag = |key: &str| map.get(key).and_then(Value::as_bool);
    Options {
        add_generation_prompt: flag("add_generation_prompt").unwrap_or(false),
        thinking: flag("thinking"),
        tools: map.get("tools").cloned(),
        documents: None,
        now: map.get("now").and_then(Value::as_i64),
        variables: map.get("variables").and_then(Value::as_object).cloned().unwrap_or_default(),
    }
}

#[test]
fn renders_what_jinja2_renders() {
    let cases: Vec<Case> = serde_json::from_str(RECORDED).unwrap();
    assert!(cases.len() >= 300);
    let mut wrong = Vec::new();
    for case in &cases {
        let template = Template::compile(source(&case.template), &case.bos, &case.eos).unwrap();
        let got = template.render(&case.messages, &options(&case.options));
        let got = got.map_err(|error| error.to_string());
        let good = match (&got, &case.text, &case.raised, &case.fault) {
            (Ok(text), Some(expected), ..) => text == expected,
            (Err(error), None, Some(raised), _) => *error == format!("chat template: {raised}"),
            (Err(_), None, None, Some(_)) => true,
            _ => false,
        };
        if !good {
            let expected = case.text.as_ref().or(case.raised.as_ref()).or(case.fault.as_ref());
            let name = format!("{} {} {:?}", case.template, case.case, case.options);
            wrong.push(format!("{name}\n got {got:?}\nwant {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_prefilled_block_of_reasoning_is_seen() {
    let asked = [Message::user("what is <think>?")];
    let prompt = Options::generation();
    assert!(compiled("r1").prefills_thinking(&asked, &prompt).unwrap());
    for name in ["qwen3", "qwen25", "smollm2", "own"] {
        assert!(!compiled(name).prefills_thinking(&asked, &prompt).unwrap(), "{name}");
    }
    let off = Options { thinking: Some(false), ..Options::generation() };
    assert!(!compiled("qwen3").prefills_thinking(&asked, &off).unwrap());
    assert!(ends_thinking("<think>a</think><think>\n"));
    assert!(!ends_thinking("<think>\n\n</think>\n\n"));
    assert!(ends_thinking("<seed:think>"));
}

#[test]
fn named_templates() {
    assert_eq!(named(&json!("x"), "default").unwrap(), "x");
    let list = json!([{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}]);
    assert_eq!(named(&list, "tool_use").unwrap(), "b");
    for (value, name) in [(&list, "rag"), (&json!("x"), "rag"), (&json!(3), "default")] {
        assert!(named(value, name).is_err(), "{value} {name}");
    }
    assert!(named(&json!([{"name": "default"}]), "default").is_err());
}

#[test]
fn faults_name_the_line() {
    let error = Template::compile("a\n{% if %}", "", "").unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
    let template = Template::compile("\n\n{{ missing.x }}", "", "").unwrap();
    let error = template.render(&[], &Options::default()).unwrap_err().to_string();
    assert!(error.contains("line 3"), "{error}");
    let long = "x".repeat((1 << 20) + 1);
    assert!(Template::compile(&long, "", "").is_err());
}

#[test]
fn the_clock_is_what_was_handed_in() {
    let template = Template::compile("{{ strftime_now('%Y') }}", "", "").unwrap();
    assert!(template.render(&[], &Options::default()).is_err());
    let options = Options { now: Some(0), ..Options::default() };
    assert_eq!(template.render(&[], &options).unwrap(), "1970");
}

#[test]
fn long_conversations_have_the_fuel() {
    let turns: Vec<Message> = (0..2000)
        .map(|at| {
            Message::new(if at % 2 == 0 { "user" } else { "assistant" }, &"word ".repeat(200))
        })
        .collect();
    for name in ["qwen3", "llama3", "mistral", "r1", "own"] {
        let text = compiled(name).render(&turns, &Options::generation()).unwrap();
        assert!(text.len() > 1_900_000, "{name}");
    }
}

/// Each would hang, fill the memory or overflow the stack if it were let.
const HOSTILE: [&str; 24] = [
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% set n = namespace(s='xx') %}{% for a in range(64) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(s='xx') %}{% for a in range(64) %}{% set n.s = n.s * 8 %}{% endfor %}",
    "{{ 'x' * 9999999999 }}",
    "{{ [0] * 9999999999 }}",
    "{{ range(9999999999) | list }}",
    "{{ '%9999999999d' % 1 }}",
    "{{ '%099999999d' | format(1) }}",
    "{{ '{:>999999999}'.format('a') }}",
    "{{ '{:0999999999}'.format(1) }}",
    "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
    "{{ ('a' * 1000000) | replace('a', 'b' * 1000000) }}",
    "{{ ('b' * 1000000).join(('a ' * 100000).split()) }}",
    "{{ ('a ' * 100000).split() | join('b' * 1000000) }}",
    "{{ 'a\nb' | indent(999999999) }}",
    "{{ 'a' | center(999999999) }}",
    "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(x) %}{{ f(x ~ x) }}{{ f(x) }}{% endmacro %}{{ f('x') }}",
    "{% set n = namespace(s=[1]) %}{% for a in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}\
     {{ n.s }}",
    "{% set n = namespace(s=[1]) %}{% for a in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}\
     {{ n.s | tojson }}",
    "{% set n = namespace(s=[1]) %}{% for a in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}\
     {{ {}.get(n.s) }}",
    "{% for a in range(99999) %}{{ messages | tojson(indent=64) }}{% endfor %}",
    "{% include 'chat' %}",
    "{% extends 'chat' %}",
];

/// Nested or chained deeper than a stack would bear: before, each level's two sides, after.
const NESTED: [(&str, (&str, &str), &str); 9] = [
    ("{{ ", ("(", ")"), " }}"),
    ("{{ ", ("[", "]"), " }}"),
    ("{{ ", ("-", ""), " }}"),
    ("{{ ", ("not ", ""), " }}"),
    ("{{ ", ("1 + ", ""), " }}"),
    ("{{ ", ("", ".a"), " }}"),
    ("{{ ", ("1 if 0 else ", ""), " }}"),
    ("", ("{% if 1 %}", "{% endif %}"), ""),
    ("{% if 0 %}", ("{% elif 0 %}", ""), "{% endif %}"),
];

#[test]
fn harm_ends_in_an_error() {
    let turns = [Message::user(&"x".repeat(10_000))];
    for source in HOSTILE {
        let outcome = Template::compile(source, "", "")
            .and_then(|template| template.render(&turns, &Options::default()));
        assert!(outcome.is_err(), "{source}: {} bytes", outcome.unwrap().len());
    }
    for (before, each, after) in NESTED {
        let all = format!("{before}{}1{}", each.0.repeat(30_000), each.1.repeat(30_000)) + after;
        let outcome = Template::compile(&all, "", "")
            .and_then(|template| template.render(&turns, &Options::default()));
        assert!(outcome.is_err(), "{} nested", each.0);
    }
}

#[test]
fn arguments_nested_too_deep_are_refused() {
    let deep = (0..100).fold(Value::Null, |inner, _| json!([inner]));
    let turn = [Message::user("x").with("extra", deep)];
    let error = compiled("own").render(&turn, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("nested"), "{error}");
}
