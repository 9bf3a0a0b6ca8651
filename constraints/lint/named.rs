//! Arguments that a prompt must name: keywords, phrases, markers and languages.

use serde_json::Value;

use super::{Finding, Kind};
use crate::constraint::Constraint;
use crate::error::shorten;

/// The rules' arguments that a prompt cannot ask for without writing them out.
const NAMED: [(&str, &str); 16] = [
    ("combination:repeat_prompt", "prompt_to_repeat"),
    ("detectable_content:postscript", "postscript_marker"),
    ("detectable_format:multiple_sections", "section_spliter"),
    ("format:heading", "text"),
    ("format:yaml_block", "keys"),
    ("keywords:existence", "keywords"),
    ("keywords:forbidden_words", "forbidden_words"),
    ("keywords:frequency", "keyword"),
    ("length_constraints:nth_paragraph_first_word", "first_word"),
    ("letters:acrostic", "word"),
    ("order:words", "words"),
    ("position:ends_with_word", "word"),
    ("position:nth_word", "word"),
    ("position:paragraph_starts", "word"),
    ("position:sentence_starts", "word"),
    ("startend:end_checker", "end_phrase"),
];

/// Languages by code, with the names that a prompt may call them.
const LANGUAGES: [(&str, &[&str]); 29] = [
    ("ar", &["arabic", "العربية"]),
    ("bg", &["bulgarian", "български"]),
    ("bn", &["bengali", "bangla", "বাংলা"]),
    ("de", &["german", "deutsch"]),
    ("es", &["spanish", "español"]),
    ("fa", &["persian", "farsi", "dari", "فارسی"]),
    ("fi", &["finnish", "suomi", "suomeksi"]),
    ("fr", &["french", "français"]),
    ("gu", &["gujarati", "ગુજરાતી"]),
    ("he", &["hebrew", "עברית"]),
    ("hi", &["hindi", "हिन्दी", "हिंदी"]),
    ("it", &["italian"]),
    ("ja", &["japanese", "日本語"]),
    ("kn", &["kannada", "ಕನ್ನಡ"]),
    ("ko", &["korean", "한국어"]),
    ("ml", &["malayalam", "മലയാളം"]),
    ("mr", &["marathi", "मराठी"]),
    ("ne", &["nepali", "नेपाली"]),
    ("pa", &["punjabi", "panjabi", "ਪੰਜਾਬੀ"]),
    ("pl", &["polish", "polsk"]),
    ("pt", &["portuguese", "portugu"]),
    ("ru", &["russian", "русск"]),
    ("sw", &["swahili", "kiswahili"]),
    ("ta", &["tamil", "தமிழ்"]),
    ("te", &["telugu", "తెలుగు"]),
    ("th", &["thai", "ไทย"]),
    ("uk", &["ukrainian", "україн"]),
    ("ur", &["urdu", "اردو"]),
    ("vi", &["vietnamese", "tiếng việt"]),
];

/// Arguments that the prompt does not name.
pub(super) fn check(prompt: &str, set: &[Constraint], findings: &mut Vec<Finding>) {
    let prompt = Prompt::new(prompt);
    for constraint in set {
        for &(_, key) in NAMED.iter().filter(|(id, _)| *id == constraint.id()) {
            let value = constraint.args().get(key).unwrap_or(&Value::Null);
            let leaves = match value {
                Value::Array(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            for text in leaves.iter().filter_map(Value::as_str).filter(|text| !prompt.has(text)) {
                let message = format!("the prompt does not say {:?}", shorten(text));
                let kind = Kind::Disagreement;
                findings.push(Finding::new(kind, constraint.id(), key, value, message));
            }
        }
        language(&prompt, constraint, findings);
    }
}

fn language(prompt: &Prompt, constraint: &Constraint, findings: &mut Vec<Finding>) {
    if constraint.id() != "language:response_language" {
        return;
    }
    let Some(code) = constraint.args().get("language") else { return };
    let known = LANGUAGES.iter().find(|(known, _)| code.as_str() == Some(known));
    let Some((_, names)) = known else { return };
    if !names.iter().any(|name| prompt.lower.contains(name)) {
        let message = format!("the prompt does not name the language ({})", names[0]);
        let kind = Kind::Disagreement;
        findings.push(Finding::new(kind, constraint.id(), "language", code, message));
    }
}

/// A prompt made ready to be searched.
struct Prompt {
    /// Lower case.
    lower: String,
    /// Letters and digits only.
    bare: String,
}

impl Prompt {
    fn new(prompt: &str) -> Prompt {
        let lower = prompt.to_lowercase();
        let bare = bare(&lower);
        Prompt { lower, bare }
    }

    /// Whether `text` stands in the prompt; marks and spaces do not matter unless it has no other.
    fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let plain = bare(&text);
        if plain.is_empty() { self.lower.contains(text.trim()) } else { self.bare.contains(&plain) }
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
