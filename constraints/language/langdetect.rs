//! The language of a text as langdetect 1.0.9 (a port of Shuyo's language-detection) finds it: a
//! naive Bayes classifier over n-grams of one to three characters, drawn at random, seven times.

use std::borrow::Cow;

use memchr::{memchr_iter, memmem};

use super::profiles::{self, CAPITAL, LANGUAGES, SPACE, Shares};
use super::twister::Twister;
use crate::python::chars;

/// How many characters of a text are looked at.
const MAX_CHARS: usize = 10_000;
const TRIALS: usize = 7;
const MAX_DRAWS: usize = 1000;
const SMOOTHING: f64 = 0.5;
const SMOOTHING_WIDTH: f64 = 0.05;
const BASE_FREQUENCY: f64 = 10_000.0;
const CONVERGED: f64 = 0.99999;
const MIN_PROBABILITY: f64 = 0.1;

/// A score for every language; the last place is padding and stays 0.
type Scores = Shares;

/// `langdetect.detect(text)` with `DetectorFactory.seed = seed`: a language code such as `en` or
/// `zh-cn`, or `unknown` if no language is likely. Nothing where langdetect raises
/// `LangDetectException` because the text has no features.
pub fn detect(text: &str, seed: u64) -> Option<&'static str> {
    let found = probabilities(text, seed)?;
    Some(found.first().map_or("unknown", |best| best.0))
}

/// `langdetect.detect_langs(text)` with `DetectorFactory.seed = seed`: the languages with a
/// probability over 0.1, most likely first. Nothing where it raises `LangDetectException`.
pub fn probabilities(text: &str, seed: u64) -> Option<Vec<(&'static str, f64)>> {
    let features = Features::new(text);
    if features.grams.is_empty() {
        return None;
    }
    let scores = features.classify(seed);
    let mut found: Vec<(&str, f64)> = LANGUAGES.into_iter().zip(scores).collect();
    found.retain(|(_, score)| *score > MIN_PROBABILITY);
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(found)
}

/// The n-grams of a text that are in any profile.
struct Features {
    /// The numbers of its characters, normalised, after a space.
    ids: Vec<u16>,
    /// Where the n-gram ends in `ids`, and in the lowest two bits its length.
    grams: Vec<u32>,
}

impl Features {
    fn new(text: &str) -> Self {
        let text = without_mail(without_urls(text));
        let mut reader = Reader::new(text.len().min(MAX_CHARS) + 1);
        if text.is_ascii() {
            for &byte in text.as_bytes().iter().take(MAX_CHARS) {
                reader.add(profiles::ASCII[usize::from(byte)]);
            }
            return reader.finish();
        }
        let (mut latin, mut other) = (0usize, 0usize);
        composed(&text).for_each(|c| {
            latin += usize::from(('A'..='z').contains(&c));
            other += usize::from(c >= '\u{300}');
        });
        let drop_latin = latin * 2 < other;
        for c in composed(&text) {
            if !(drop_latin && ('A'..='z').contains(&c)) {
                reader.add(number(c));
            }
        }
        reader.finish()
    }

    fn gram(&self, packed: u32) -> &[u16] {
        let end = (packed >> 2) as usize;
        &self.ids[end - (packed & 3) as usize..end]
    }

    /// The mean of the trials' probabilities.
    fn classify(&self, seed: u64) -> Scores {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { self.classify_wide(seed) };
        }
        self.classify_plain(seed)
    }

    /// The same with four numbers at a time: the time goes into products over all languages.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn classify_wide(&self, seed: u64) -> Scores {
        self.classify_plain(seed)
    }

    #[inline(always)]
    fn classify_plain(&self, seed: u64) -> Scores {
        let mut twister = Twister::new(seed);
        let mut mean = [0.0; LANGUAGES.len() + 1];
        let length = u32::try_from(self.grams.len()).expect("at most three n-grams a character");
        for _ in 0..TRIALS {
            let mut scores = [1.0 / LANGUAGES.len() as f64; LANGUAGES.len() + 1];
            scores[LANGUAGES.len()] = 0.0;
            let weight = (SMOOTHING + twister.gauss() * SMOOTHING_WIDTH) / BASE_FREQUENCY;
            for draw in 0.. {
                let gram = self.gram(self.grams[twister.below(length) as usize]);
                profiles::with_shares(gram, |shares| {
                    for (score, share) in scores.iter_mut().zip(shares) {
                        *score *= weight + share;
                    }
                });
                if draw % 5 == 0 && (normalize(&mut scores) > CONVERGED || draw >= MAX_DRAWS) {
                    break;
                }
            }
            for (mean, score) in mean.iter_mut().zip(scores) {
                *mean += score / TRIALS as f64;
            }
        }
        mean
    }
}

/// Makes the scores add up to one and returns the highest.
#[inline(always)]
fn normalize(scores: &mut Scores) -> f64 {
    // Python adds from the first to the last; the result depends on it.
    let sum: f64 = scores.iter().fold(0.0, |sum, score| sum + score);
    let mut highest = [0.0; 8];
    for part in scores.chunks_exact_mut(8) {
        for (score, highest) in part.iter_mut().zip(&mut highest) {
            *score /= sum;
            *highest = if *score > *highest { *score } else { *highest };
        }
    }
    highest.into_iter().fold(0.0, f64::max)
}

/// The number of a character and whether it is a capital.
fn number(c: char) -> u16 {
    match u16::try_from(u32::from(c)) {
        Ok(point) => profiles::character(point),
        Err(_) => u16::from(chars::is_upper(c)) * CAPITAL,
    }
}

/// Collects n-grams. Words with two capitals in a row are passed over up to the next other
/// character.
struct Reader {
    features: Features,
    /// How many n-grams are in place; the rest of the list is room.
    grams: usize,
    /// The character before, with its case.
    before: u16,
    shouting: bool,
}

impl Reader {
    fn new(chars: usize) -> Self {
        let mut ids = Vec::with_capacity(chars + 2);
        ids.extend([SPACE, SPACE]);
        let features = Features { ids, grams: vec![0; 3 * chars] };
        Self { features, grams: 0, before: SPACE, shouting: false }
    }

    #[inline]
    fn add(&mut self, character: u16) {
        let before = std::mem::replace(&mut self.before, character);
        if before == SPACE {
            self.shouting = false;
            if character == SPACE {
                return;
            }
        }
        if character & CAPITAL == 0 {
            self.shouting = false;
        } else if before & CAPITAL != 0 {
            self.shouting = true;
        }
        let ids = &mut self.features.ids;
        let end = ids.len();
        let (second, first, last) = (ids[end - 2], ids[end - 1], character & !CAPITAL);
        ids.push(last);
        if self.shouting {
            return;
        }
        // A space is no n-gram alone, and none goes over a space.
        let [one, two, three] = profiles::known(second, first, last);
        let known = [one && last != SPACE, two, three && first != SPACE];
        for (length, known) in (1..).zip(known) {
            self.features.grams[self.grams] = (end as u32 + 1) << 2 | length;
            self.grams += usize::from(known);
        }
    }

    fn finish(mut self) -> Features {
        self.features.grams.truncate(self.grams);
        self.features
    }
}

/// Letters of Vietnamese that take a tone mark, and what they become with each.
const TONELESS: &str = "AEIOUYaeiouyÂÊÔâêôĂăƠơƯư";
const TONES: [(char, &str); 5] = [
    ('\u{300}', "ÀÈÌÒÙỲàèìòùỳẦỀỒầềồẰằỜờỪừ"),
    ('\u{301}', "ÁÉÍÓÚÝáéíóúýẤẾỐấếốẮắỚớỨứ"),
    ('\u{303}', "ÃẼĨÕŨỸãẽĩõũỹẪỄỖẫễỗẴẵỠỡỮữ"),
    ('\u{309}', "ẢẺỈỎỦỶảẻỉỏủỷẨỂỔẩểổẲẳỞởỬử"),
    ('\u{323}', "ẠẸỊỌỤỴạẹịọụỵẬỆỘậệộẶặỢợỰự"),
];

/// The first characters of a text, with letters and tone marks composed.
fn composed(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = rest.next()?;
        let tone = rest.peek().filter(|mark| ('\u{300}'..='\u{323}').contains(*mark));
        let whole = tone.and_then(|mark| {
            let (_, letters) = TONES.iter().find(|tone| tone.0 == *mark)?;
            letters.chars().nth(TONELESS.chars().position(|letter| letter == c)?)
        });
        if whole.is_some() {
            rest.next();
        }
        Some(whole.unwrap_or(c))
    })
    .take(MAX_CHARS)
}

/// Counts the bytes at the start that satisfy a condition, at most `limit`.
fn run(bytes: &[u8], limit: usize, holds: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take(limit).take_while(|byte| holds(**byte)).count()
}

/// Replaces web addresses by spaces: `https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}`.
fn without_urls(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let in_address = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.?&~;+=/#".contains(&byte);
    let (mut out, mut copied) = (String::new(), 0);
    for at in memmem::find_iter(bytes, b"://") {
        let Some(before) = bytes.get(copied..at) else { continue };
        let scheme = match before {
            [.., b'h', b't', b't', b'p'] => 4,
            [.., b'h', b't', b't', b'p', b's'] => 5,
            _ => continue,
        };
        let length = run(&bytes[at + 3..], 2076, in_address);
        if length > 0 {
            out.push_str(&text[copied..at - scheme]);
            out.push(' ');
            copied = at + 3 + length;
        }
    }
    finish(text, out, copied)
}

/// Replaces mail addresses by spaces:
/// `[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}`.
fn without_mail(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let in_name = |byte: u8| in_label(byte) || byte == b'.';
    let (mut out, mut copied) = (String::new(), 0);
    for at in memchr_iter(b'@', bytes) {
        let Some(before) = bytes.get(copied..at) else { continue };
        let name = before.iter().rev().take(64).take_while(|byte| in_name(**byte)).count();
        let label = run(&bytes[at + 1..], 255, in_label);
        if name == 0 || label == 0 {
            continue;
        }
        let mut end = at + 1 + label;
        let tail = run(&bytes[end..], 255, in_name);
        // The second part needs a character: the last of the first part, if nothing else is left.
        if tail == 0 && label == 1 {
            continue;
        }
        end += tail;
        out.push_str(&text[copied..at - name]);
        out.push(' ');
        copied = end;
    }
    if copied == 0 {
        return text;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn finish(text: &str, mut out: String, copied: usize) -> Cow<'_, str> {
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::goldens;

    #[test]
    fn agrees_with_recorded_languages() {
        let (mut exact, mut rows) = (0, 0);
        goldens::each_row("components/langdetect_dev.jsonl.gz", |row| {
            let text = row["text"].as_str().expect("text");
            rows += 1;
            // An unoptimised build takes half a minute for all: it checks every eighth.
            if cfg!(debug_assertions) && rows % 8 != 1 {
                return;
            }
            let found = probabilities(text, 0);
            assert_eq!(detect(text, 0), row["detect_seed0"].as_str(), "{text:?}");
            assert_eq!(found.is_none(), !row["error"].is_null(), "{text:?}");
            let Some(found) = found else { return };
            let expected = row["langs_seed0"].as_array().expect("languages");
            assert_eq!(found.len(), expected.len(), "{text:?}");
            for ((language, probability), pair) in found.into_iter().zip(expected) {
                assert_eq!(pair[0], language, "{text:?}");
                let recorded = pair[1].as_f64().expect("a probability");
                // They were recorded with 12 decimals.
                assert!((recorded - probability).abs() <= 1e-12, "{text:?}");
                exact += 1;
            }
        });
        eprintln!("{exact} probabilities");
    }

    #[test]
    fn addresses_are_left_out() {
        assert_eq!(without_urls("a https://x.y/z?q b http://:"), "a   b http://:");
        assert_eq!(without_urls("plain"), "plain");
        let mail = |text: &'static str| without_mail(Cow::Borrowed(text)).into_owned();
        assert_eq!(mail("to ann@b.org, or a@b"), "to  , or a@b");
        assert_eq!(mail("a@bc@de.f"), " @de.f");
    }

    #[test]
    fn tones_are_composed() {
        assert_eq!(
            composed("Ti\u{ea}\u{301}ng a\u{300}\u{301}").collect::<String>(),
            "Tiếng à\u{301}"
        );
    }

    #[test]
    fn texts_without_features_have_no_language() {
        for text in ["", "123 456", "😀", "U.S.A.!\u{0}"] {
            assert_eq!(detect(text, 0).is_none(), !text.contains('U'), "{text:?}");
        }
        assert_eq!(detect("The quick brown fox jumps over the lazy dog.", 0), Some("en"));
    }
}
