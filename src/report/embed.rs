//! Data inside the page: flips as JSON for its script, and tables behind links.

use std::collections::{BTreeMap, HashMap};

use heedful_benchmarks::statistics::bootstrap::Cluster;
use serde_json::{Value, json};

use super::input::Bench;
use super::{Flip, Report, Side};

/// Bytes of prompts and responses that a page holds at most; longer texts are cut, and say so.
const ROOM: usize = 2_200_000;

/// What every row added to every metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Items {
    benchmark: String,
    metrics: Vec<String>,
    /// Key and, by run and metric, gain and size.
    rows: Vec<(String, Vec<Vec<Option<Cluster>>>)>,
}

/// Of all benchmarks, rows in the order in which their keys first occur.
pub(super) fn items(benches: &[Bench]) -> Vec<Items> {
    benches.iter().map(of_bench).collect()
}

fn of_bench(bench: &Bench) -> Items {
    let metrics: Vec<String> = bench.metrics().iter().map(|metric| metric.name.clone()).collect();
    let runs = bench.cells.len();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut rows: Vec<(String, Vec<Vec<Option<Cluster>>>)> = Vec::new();
    for (run, sheet) in bench.sheets() {
        let at: Vec<Option<usize>> = metrics.iter().map(|name| sheet.metric(name)).collect();
        for row in &sheet.rows {
            let place = *places.entry(&row.key).or_insert_with(|| {
                rows.push((row.key.clone(), vec![Vec::new(); runs]));
                rows.len() - 1
            });
            rows[place].1[run] = at.iter().map(|at| at.map(|at| row.shares[at])).collect();
        }
    }
    Items { benchmark: bench.name.clone(), metrics, rows }
}

impl Report {
    /// A row a benchmark, metric and run.
    pub fn headline_csv(&self) -> String {
        let head = "benchmark,metric,run,name,value,low,high,size,clusters,delta,delta_low,\
                    delta_high,p,p_holm,won,lost,detectable\n";
        let mut text = head.to_owned();
        for line in &self.headline {
            for (run, figure) in self.runs.iter().zip(&line.figures) {
                let Some(figure) = figure else { continue };
                let at = self.runs.iter().position(|other| other.letter == run.letter);
                let delta = at.and_then(|at| at.checked_sub(1)).and_then(|at| line.deltas[at]);
                let mut cells = vec![
                    cell(&line.benchmark),
                    cell(&line.metric),
                    cell(&run.letter),
                    cell(&run.name),
                ];
                let numbers = [figure.value, figure.low, figure.high, figure.size];
                cells.extend(numbers.map(|number| number.to_string()));
                cells.push(figure.clusters.to_string());
                cells.extend(match delta {
                    None => vec![String::new(); 8],
                    Some(delta) => vec![
                        delta.paired.difference.to_string(),
                        delta.paired.low.to_string(),
                        delta.paired.high.to_string(),
                        delta.paired.p.to_string(),
                        delta.p_holm.to_string(),
                        delta.paired.won.to_string(),
                        delta.paired.lost.to_string(),
                        delta.paired.detectable.map(|d| d.to_string()).unwrap_or_default(),
                    ],
                });
                text.push_str(&cells.join(","));
                text.push('\n');
            }
        }
        text
    }

    /// A row an item and benchmark: its value under every metric in every run; empty where it has
    /// no part in a metric.
    pub fn items_csv(&self) -> Vec<(String, String)> {
        let table = |items: &Items| {
            let mut text = String::from("key");
            for run in &self.runs {
                for metric in &items.metrics {
                    text.push_str(&format!(",{}", cell(&format!("{}.{metric}", run.letter))));
                }
            }
            text.push('\n');
            for (key, runs) in &items.rows {
                text.push_str(&cell(key));
                for metrics in runs {
                    for at in 0..items.metrics.len() {
                        let share = metrics.get(at).copied().flatten().filter(|c| c.size > 0.0);
                        let value = share.map(|share| short(share.gain / share.size));
                        text.push_str(&format!(",{}", value.unwrap_or_default()));
                    }
                }
                text.push('\n');
            }
            (items.benchmark.clone(), text)
        };
        self.items.iter().map(table).collect()
    }

    /// What the page's script shows of flips, safe inside a script element.
    pub(super) fn embedded(&self) -> String {
        let mut texts = Texts::default();
        let flips: Vec<Value> = self.flips.iter().map(|flip| texts.flip(flip)).collect();
        let (list, cut) = texts.cut(ROOM);
        let letters: Vec<[&str; 2]> =
            self.runs.iter().map(|run| [run.letter.as_str(), run.name.as_str()]).collect();
        let base: BTreeMap<&str, usize> =
            self.benchmarks.iter().map(|b| (b.name.as_str(), b.base)).collect();
        let data =
            json!({"runs": letters, "base": base, "flips": flips, "texts": list, "cut": cut});
        // Neither `</script>` nor `<!--` can stand in it.
        data.to_string().replace('<', "\\u003c")
    }
}

/// Six digits after the point, no zeros at the end.
fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A cell of CSV. What a spreadsheet would take for a formula is no number of ours: it gets a
/// quote before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// A table behind a link, percent-encoded.
pub(super) fn link(kind: &str, text: &str) -> String {
    let mut link = format!("data:{kind};charset=utf-8,");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b',' | b':' => {
                link.push(char::from(byte));
            }
            _ => link.push_str(&format!("%{byte:02X}")),
        }
    }
    link
}

/// Each text once.
#[derive(Default)]
struct Texts {
    list: Vec<String>,
    places: HashMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(at) = self.places.get(text) {
            return *at;
        }
        self.list.push(text.to_owned());
        self.places.insert(text.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    fn flip(&mut self, flip: &Flip) -> Value {
        let sides: Vec<Value> = flip.sides.iter().map(|side| self.side(side)).collect();
        let constraints: Vec<Value> = flip
            .constraints
            .iter()
            .map(|(about, kind)| json!([self.place(about), self.place(kind)]))
            .collect();
        json!({
            "b": flip.benchmark, "k": flip.key, "kind": flip.kind, "change": flip.change,
            "p": self.place(&flip.prompt), "c": constraints, "s": sides,
        })
    }

    fn side(&mut self, side: &Side) -> Value {
        let flag = |met: Option<bool>| met.map(u8::from);
        let verdicts: Vec<Value> = side
            .verdicts
            .iter()
            .map(|v| json!([flag(v.met), flag(v.loose), self.place(&v.reason)]))
            .collect();
        let mut place = |text: &Option<String>| text.as_deref().map(|text| self.place(text));
        let (response, answer) = (place(&side.response), place(&side.answer));
        let finish = &side.finish_reason;
        json!({"r": response, "a": answer, "f": finish, "t": side.tokens, "v": verdicts})
    }

    /// The texts, the longest of them cut so that all take no more than `room` bytes, and how many
    /// characters each lost.
    fn cut(self, room: usize) -> (Vec<String>, BTreeMap<usize, usize>) {
        let mut sizes: Vec<usize> = self.list.iter().map(String::len).collect();
        sizes.sort_unstable();
        let mut most = usize::MAX;
        let mut left = room;
        for (at, size) in sizes.iter().enumerate() {
            let share = left / (sizes.len() - at);
            if *size > share {
                most = share;
                break;
            }
            left -= size;
        }
        let mut lost = BTreeMap::new();
        let cut = |(at, mut text): (usize, String)| {
            if text.len() > most {
                let end = text.floor_char_boundary(most);
                lost.insert(at, text[end..].chars().count());
                text.truncate(end);
            }
            text
        };
        (self.list.into_iter().enumerate().map(cut).collect(), lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let mut texts = Texts::default();
        let sizes = ["a".repeat(10), "ä".repeat(100), "b".repeat(1000)];
        let places: Vec<usize> = sizes.iter().map(|text| texts.place(text)).collect();
        assert_eq!(places, [0, 1, 2]);
        assert_eq!(texts.place(&sizes[1]), 1);
        let (list, lost) = texts.cut(411);
        // 10, then 401 for two: 200 bytes are whole, 201 are left.
        assert_eq!(list.iter().map(String::len).collect::<Vec<_>>(), [10, 200, 201]);
        assert_eq!(lost, BTreeMap::from([(2, 799)]));
    }

    #[test]
    fn cells_and_links_hold_any_text() {
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(link("text/csv", "a,\"<é"), "data:text/csv;charset=utf-8,a,%22%3C%C3%A9");
        assert_eq!([short(1.0), short(0.5), short(1.0 / 3.0)], ["1", "0.5", "0.333333"]);
    }
}
