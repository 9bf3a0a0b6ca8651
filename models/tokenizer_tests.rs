use serde_json::Value;

use super::*;
use crate::fixture;

/// Holds a tokenizer against recorded cases: ids, text, and text in pieces.
pub(crate) fn agrees(name: &str, tokenizer: &Tokenizer, cases: &Value) {
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 15);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        let ids = tokenizer.encode(text).unwrap();
        assert_eq!(ids, expected, "{name}: {text:?}");
        let special = case.get("special").unwrap_or(&case["ids"]);
        let special: Vec<u32> = serde_json::from_value(special.clone()).unwrap();
        assert_eq!(tokenizer.encode_special(text).unwrap(), special, "{name}: {text:?}");
        for (ids, back) in [(&ids[..], "back"), (&ids[..ids.len() / 2], "half")] {
            let back = case[back].as_str().unwrap();
            assert_eq!(tokenizer.decode(ids).unwrap(), back, "{name}: {text:?}");
            assert_eq!(streamed(tokenizer, ids), back, "{name}: {text:?} in pieces");
        }
    }
}

/// All pieces of a stream; none but the last ends within a character.
fn streamed(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let mut stream = tokenizer.stream();
    let mut text = String::new();
    for id in ids {
        text += &stream.push(*id).unwrap();
    }
    text + &stream.finish().unwrap()
}

fn bytes() -> Tokenizer {
    Tokenizer::parse(fixture::tokenizer()).unwrap()
}

#[test]
fn tokens_have_ids_and_spellings() {
    let tokenizer = bytes();
    assert_eq!(tokenizer.vocab(), 260);
    assert_eq!(tokenizer.id("<pad>"), Some(2));
    assert_eq!(tokenizer.id("nothing"), None);
    assert_eq!(tokenizer.token(3).as_deref(), Some("<think>"));
    assert_eq!(tokenizer.token(260), None);
    assert!(tokenizer.is_special(1) && !tokenizer.is_special(3) && !tokenizer.is_special(9));
    // What the file says of cutting texts short is for trainers.
    assert_eq!(tokenizer.encode("abc").unwrap(), [4 + 97, 4 + 98, 4 + 99]);
}

#[test]
fn a_stream_holds_back_what_is_no_character_yet() {
    let tokenizer = bytes();
    let ids = tokenizer.encode("a日é").unwrap();
    let mut stream = tokenizer.stream();
    let pieces: Vec<String> = ids.iter().map(|id| stream.push(*id).unwrap()).collect();
    assert_eq!(pieces, ["a", "", "", "日", "", "é"]);
    assert_eq!(stream.finish().unwrap(), "");
    // Two bytes of three, then a letter: the two are no character and never will be.
    let (first, second, letter) = (ids[1], ids[2], ids[0]);
    let pieces: Vec<String> =
        [first, second, letter].iter().map(|id| stream.push(*id).unwrap()).collect();
    assert_eq!(pieces, ["", "", "\u{FFFD}a"]);
    stream.push(first).unwrap();
    assert_eq!(stream.finish().unwrap(), "\u{FFFD}");
    // Special tokens say nothing, words that were added do.
    assert_eq!(streamed(&tokenizer, &[0, 3, letter, 1, 9999]), "<think>a");
}

#[test]
fn any_bytes_in_pieces_are_what_they_are_at_once() {
    let tokenizer = bytes();
    let mut state = 1u32;
    for round in 0..300 {
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Mostly bytes that begin or go on with a character.
            let byte = state >> 24;
            if byte < 64 { byte } else { 0x80 | byte }
        };
        let ids: Vec<u32> = std::iter::repeat_with(next).take(24).map(|byte| byte + 4).collect();
        assert_eq!(streamed(&tokenizer, &ids), tokenizer.decode(&ids).unwrap(), "{round}: {ids:?}");
    }
}

/// A tokenizer whose decoder looks at neighbours, as those made of SentencePiece do.
fn pieces() -> Tokenizer {
    let mut json: Value = serde_json::from_str(&fixture::tokenizer()).unwrap();
    let tokens = ["<unk>", "\u{2581}Hello", "\u{2581}world", "!", "<0xE6>", "<0x97>", "<0xA5>"];
    let vocab = tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), id.into()));
    json["model"]["vocab"] = Value::Object(vocab.collect());
    json["added_tokens"] = serde_json::json!([]);
    json["pre_tokenizer"] = Value::Null;
    json["decoder"] = serde_json::json!({"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]});
    Tokenizer::parse(json.to_string()).unwrap()
}

#[test]
fn a_stream_of_pieces_keeps_their_spaces() {
    let tokenizer = pieces();
    let ids = [1, 2, 3, 4, 5, 6, 2];
    assert_eq!(tokenizer.decode(&ids).unwrap(), "Hello world!日 world");
    let mut stream = tokenizer.stream();
    let parts: Vec<String> = ids.iter().map(|id| stream.push(*id).unwrap()).collect();
    assert_eq!(parts, ["Hello", " world", "!", "", "", "日", " world"]);
    stream.push(4).unwrap();
    assert_eq!(stream.finish().unwrap(), "\u{FFFD}");
}

#[test]
fn what_is_no_tokenizer_is_refused() {
    for text in ["", "{}", "[]", "{\"model\": {\"type\": \"BPE\"}}"] {
        assert!(Tokenizer::parse(text.to_owned()).is_err(), "{text}");
    }
    let error = Tokenizer::open(Path::new("nowhere/tokenizer.json")).unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}
