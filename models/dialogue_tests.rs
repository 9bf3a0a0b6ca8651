//! A word-level tokenizer and a template in two lines; ids are looked up, not counted.

use serde_json::json;

use super::*;

const CHATML: &str = "{% for m in messages %}<|{{ m.role }}|> {{ m.content }} <|end|>\n{% endfor %}\
                      {% if add_generation_prompt %}<|assistant|> {% endif %}";

const WORDS: [&str; 10] =
    ["?", "<|end|>", "<|user|>", "<|assistant|>", "a", "b", "c", "d", "<s>", "say"];

fn tokenizer() -> Tokenizer {
    let vocab: serde_json::Map<_, _> =
        WORDS.iter().enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let special = |id: usize| {
        json!({"id": id, "content": WORDS[id], "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": true})
    };
    let json = json!({
        "version": "1.0",
        "added_tokens": [special(1), special(2), special(3), special(8)],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "?"},
    });
    Tokenizer::parse(json.to_string()).unwrap()
}

fn shown(example: &Example) -> String {
    let tokens = example.ids.iter().zip(&example.weights).map(|(&id, &weight)| {
        let word = WORDS[id as usize];
        if weight > 0.0 { format!("[{word}]") } else { word.to_owned() }
    });
    tokens.collect::<Vec<_>>().join(" ")
}

fn run(source: &str, messages: &[Message]) -> Result<(String, Turns)> {
    let tokenizer = tokenizer();
    let with = Encoding { tokenizer: &tokenizer, eos: &[1], bos: Some(8) };
    let template = Template::compile(source, "<s>", "<|end|>").unwrap();
    let (example, turns) = conversation(&with, &template, messages, &Options::default())?;
    Ok((shown(&example), turns))
}

#[test]
fn what_the_assistant_says_counts_and_its_end_too() {
    let messages = [
        Message::user("a"),
        Message::assistant("b c"),
        Message::user("d"),
        Message::assistant("a"),
        Message::user("c"),
    ];
    let (text, turns) = run(CHATML, &messages).unwrap();
    let expected = "<|user|> a <|end|> <|assistant|> [b] [c] [<|end|>] \
                    <|user|> d <|end|> <|assistant|> [a] [<|end|>]";
    assert_eq!((text.as_str(), turns), (expected, Turns { learned: 2, left_out: 0 }));
}

#[test]
fn a_turn_that_is_shown_otherwise_later_is_left_out() {
    let source = "{% for m in messages %}<|{{ m.role }}|> \
                  {% if m.role == 'assistant' and loop.last %}say {% endif %}\
                  {{ m.content }} <|end|>{% endfor %}\
                  {% if add_generation_prompt %}<|assistant|> {% endif %}";
    let messages =
        [Message::user("a"), Message::assistant("b"), Message::user("c"), Message::assistant("d")];
    let (text, turns) = run(source, &messages).unwrap();
    let expected = "<|user|> a <|end|> <|assistant|> b <|end|> <|user|> c <|end|> \
                    <|assistant|> [say] [d] [<|end|>]";
    assert_eq!((text.as_str(), turns), (expected, Turns { learned: 1, left_out: 1 }));
    assert!(run(source, &messages[..1]).is_err());
}

#[test]
fn a_completion_is_ended_once() {
    let tokenizer = tokenizer();
    let with = Encoding { tokenizer: &tokenizer, eos: &[1], bos: Some(8) };
    for text in ["b c", "b c <|end|>"] {
        let example = completion(&with, "say a", text).unwrap();
        assert_eq!(shown(&example), "<s> say a [b] [c] [<|end|>]");
    }
}

#[test]
fn what_is_cut_off_may_leave_nothing_to_learn() {
    let mut example = Example { ids: vec![4, 5, 6], weights: vec![0.0, 0.0, 1.0] };
    assert!(cut(&mut example, 3));
    assert!(!cut(&mut example, 2));
    assert_eq!((example.ids.len(), example.weights.len()), (2, 2));
}
