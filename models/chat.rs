//! Chat templates: messages to the text that a model was trained on, as transformers renders them.
//!
//! Templates come from others and are not trusted: work and memory are bounded by fuel, nesting by
//! a limit, and nothing outside the arguments can be reached. The clock is an argument too.

mod bounds;
mod clock;
mod error;
mod json;
mod methods;
mod tags;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value as Jinja, value::ValueKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The embedded model's template: turns between `<|role|>` and `<|end|>`.
pub const OWN: &str = include_str!("chat/templates/own.jinja");

/// Fuel of any rendering; a unit pays for one instruction, or for 64 bytes made or read.
const FUEL: u64 = 1_000_000;

/// Fuel added for every byte of the arguments, so that long conversations render.
const FUEL_PER_BYTE: u64 = 4;

/// Nested calls, blocks and includes.
const RECURSION: usize = 120;

/// Deepest nesting of an argument.
const DEPTH: usize = 64;

/// Opening and closing tags of reasoning, as templates write them.
const THINKING: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<seed:think>", "</seed:think>"), ("<thinking>", "</thinking>")];

/// One turn: `role`, `content`, and whatever else the template reads.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Message(pub Map<String, Value>);

impl Message {
    /// A turn of text.
    pub fn new(role: &str, content: &str) -> Message {
        Message::default().with("role", role).with("content", content)
    }

    /// A turn of the system.
    pub fn system(content: &str) -> Message {
        Message::new("system", content)
    }

    /// A turn of the user.
    pub fn user(content: &str) -> Message {
        Message::new("user", content)
    }

    /// A turn of the assistant.
    pub fn assistant(content: &str) -> Message {
        Message::new("assistant", content)
    }

    /// The same with `key` set.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Message {
        self.0.insert(key.to_owned(), value.into());
        self
    }
}

/// What a template is given besides the messages.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// End with the opening of the assistant's turn.
    pub add_generation_prompt: bool,
    /// Reasoning on or off where the template knows it: sets `enable_thinking` and `thinking`.
    pub thinking: Option<bool>,
    /// Schemas of tools; `None` gives the template its `none`, as transformers does.
    pub tools: Option<Value>,
    /// Documents; `None` as for tools.
    pub documents: Option<Value>,
    /// Seconds since 1970 for `strftime_now`; without it the template has no such function.
    pub now: Option<i64>,
    /// Further variables by name; they win over all others but the messages.
    pub variables: Map<String, Value>,
}

impl Options {
    /// For sampling: ends with the opening of the assistant's turn.
    pub fn generation() -> Options {
        Options { add_generation_prompt: true, ..Options::default() }
    }
}

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    environment: Environment<'static>,
    source: String,
    bos: String,
    eos: String,
}

/// The template called `name` in the value of a tokenizer configuration's `chat_template`: a text
/// (which is the one called `default`) or a list of `{name, template}`.
///
/// # Errors
/// A value of another type, or a list without this name.
pub fn named<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    let wrong = || Error::argument("chat template: expected a text or a list of {name, template}");
    match value {
        Value::String(text) if name == "default" => Ok(text),
        Value::String(_) => Err(Error::argument(format!("chat template `{name}`: there is one"))),
        Value::Array(list) => {
            let field = |item: &'a Value, key| item.get(key).and_then(Value::as_str);
            for item in list {
                let (known, text) =
                    field(item, "name").zip(field(item, "template")).ok_or_else(wrong)?;
                if known == name {
                    return Ok(text);
                }
            }
            Err(Error::argument(format!("chat template `{name}`: not among {}", list.len())))
        }
        _ => Err(wrong()),
    }
}

/// Whether `prompt` ends inside a block of reasoning that it opened.
pub fn ends_thinking(prompt: &str) -> bool {
    THINKING.iter().any(|(open, close)| match (prompt.rfind(open), prompt.rfind(close)) {
        (Some(opened), Some(closed)) => opened > closed,
        (Some(_), None) => true,
        (None, _) => false,
    })
}

impl Template {
    /// Compiles `source`; `bos` and `eos` are the texts of these tokens, empty where there is none.
    ///
    /// # Errors
    /// A template that is too long or has a fault in its syntax, with the line.
    pub fn compile(source: &str, bos: &str, eos: &str) -> Result<Template> {
        bounds::check(source)?;
        let mut environment = environment();
        environment
            .add_template_owned("chat", tags::without_generation(source))
            .map_err(|e| error::told(&e))?;
        let (bos, eos) = (bos.to_owned(), eos.to_owned());
        Ok(Template { environment, source: source.to_owned(), bos, eos })
    }

    /// The source as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text of `messages`.
    ///
    /// # Errors
    /// What the template raises, in its own words; a fault in it, with the line; work beyond the
    /// fuel; arguments nested too deep.
    pub fn render(&self, messages: &[Message], options: &Options) -> Result<String> {
        let mut size = 0;
        let turns: Vec<Jinja> = messages
            .iter()
            .map(|message| object(&message.0, DEPTH, &mut size))
            .collect::<Result<_>>()?;
        let mut variables = vec![
            ("bos_token".to_owned(), Jinja::from(&self.bos)),
            ("eos_token".to_owned(), Jinja::from(&self.eos)),
            ("add_generation_prompt".to_owned(), Jinja::from(options.add_generation_prompt)),
        ];
        for (name, value) in [("tools", &options.tools), ("documents", &options.documents)] {
            let value = value.as_ref().map_or(Ok(Jinja::from(())), |v| jinja(v, DEPTH, &mut size));
            variables.push((name.to_owned(), value?));
        }
        if let Some(thinking) = options.thinking {
            for name in ["enable_thinking", "thinking"] {
                variables.push((name.to_owned(), Jinja::from(thinking)));
            }
        }
        if let Some(now) = options.now {
            let clock = move |format: &str| clock::strftime(format, now);
            variables.push(("strftime_now".to_owned(), Jinja::from_function(clock)));
        }
        for (name, value) in &options.variables {
            variables.push((name.clone(), jinja(value, DEPTH, &mut size)?));
        }
        variables.push(("messages".to_owned(), Jinja::from(turns)));
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(FUEL + FUEL_PER_BYTE * size as u64));
        let template = environment.get_template("chat").map_err(|e| error::told(&e))?;
        template.render(Jinja::from_pairs(variables)).map_err(|e| error::told(&e))
    }

    /// Whether the generation prompt after `messages` ends inside a block of reasoning that the
    /// template opened itself, so that the model's output will hold the closing tag alone. Tags in
    /// the messages do not count.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn prefills_thinking(&self, messages: &[Message], options: &Options) -> Result<bool> {
        let with = |add_generation_prompt| {
            let options = Options { add_generation_prompt, ..options.clone() };
            self.render(messages, &options)
        };
        let (prompt, turns) = (with(true)?, with(false)?);
        let common = prompt.bytes().zip(turns.bytes()).take_while(|(a, b)| a == b).count();
        let at = (0..=common).rev().find(|&at| prompt.is_char_boundary(at)).unwrap_or(0);
        Ok(ends_thinking(&prompt[at..]))
    }
}

/// What transformers' environment has, with limits.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are valid"));
    environment.set_recursion_limit(RECURSION);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(methods::call);
    environment.add_function("raise_exception", error::raise);
    environment.add_filter("tojson", json::filter);
    environment.add_filter("trim", methods::trim);
    environment.add_filter("string", methods::string);
    environment.set_formatter(|out, state, value| {
        methods::afford_text(state, value)?;
        minijinja::escape_formatter(out, state, value)
    });
    // What can be measured and indexed, and what can be run through, in Python's sense.
    environment.add_test("sequence", |value: &Jinja| {
        matches!(
            value.kind(),
            ValueKind::Seq | ValueKind::String | ValueKind::Map | ValueKind::Undefined
        )
    });
    environment.add_test("iterable", |value: &Jinja| {
        matches!(
            value.kind(),
            ValueKind::Seq
                | ValueKind::String
                | ValueKind::Map
                | ValueKind::Iterable
                | ValueKind::Undefined
        )
    });
    environment
}

/// `value` for a template; `size` grows by its bytes.
fn jinja(value: &Value, depth: usize, size: &mut usize) -> Result<Jinja> {
    *size += 8;
    Ok(match value {
        Value::Null => Jinja::from(()),
        Value::Bool(value) => Jinja::from(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), ..) => Jinja::from(value),
            (_, Some(value), _) => Jinja::from(value),
            (.., value) => Jinja::from(value.unwrap_or(f64::NAN)),
        },
        Value::String(text) => {
            *size += text.len();
            Jinja::from(text)
        }
        Value::Array(items) => {
            let depth = deeper(depth)?;
            let items: Vec<Jinja> =
                items.iter().map(|item| jinja(item, depth, size)).collect::<Result<_>>()?;
            Jinja::from(items)
        }
        Value::Object(map) => object(map, depth, size)?,
    })
}

fn object(map: &Map<String, Value>, depth: usize, size: &mut usize) -> Result<Jinja> {
    let depth = deeper(depth)?;
    let mut pairs = Vec::with_capacity(map.len());
    for (key, value) in map {
        *size += key.len();
        pairs.push((key.as_str(), jinja(value, depth, size)?));
    }
    Ok(Jinja::from_pairs(pairs))
}

fn deeper(depth: usize) -> Result<usize> {
    let limit = || Error::argument(format!("chat template: a message is nested over {DEPTH} deep"));
    depth.checked_sub(1).ok_or_else(limit)
}

#[cfg(test)]
mod tests;
