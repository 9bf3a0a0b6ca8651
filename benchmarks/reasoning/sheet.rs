//! A run as a sheet: Avg@k over all samples; pass@k and maj@k, an item each, of several samples.

use std::collections::HashMap;

use super::gather::Judged;
use super::items::Items;
use super::metrics::{majority, pass_of, sizes};
use super::prompt;
use crate::answer::Grade;
use crate::responses::Response;
use crate::sheet::{Group, Mark, Metric, Row, Sheet, sample_key};
use crate::statistics::bootstrap::Cluster;

/// The sheet of `judged`, which are `items` checked by `responses`: a row a sample.
pub fn sheet(items: &Items, judged: &[Judged], responses: &[Response]) -> Sheet {
    let samples = judged.first().map_or(0, |item| item.samples.len());
    let mut metrics = vec!["avg".to_owned()];
    let passes: Vec<usize> = sizes(samples).into_iter().filter(|n| *n > 1).collect();
    metrics.extend(passes.iter().map(|n| format!("pass@{n}")));
    metrics.extend((samples > 1).then(|| format!("maj@{samples}")));
    let of_line: HashMap<u64, &Response> = responses.iter().map(|r| (r.line, r)).collect();
    let mut rows = Vec::with_capacity(samples * judged.len());
    for (item, own) in items.list.iter().zip(judged) {
        let text = prompt::text(item);
        let mut whole: Vec<Cluster> =
            passes.iter().map(|n| one(pass_of(&own.samples, *n))).collect();
        whole.extend((samples > 1).then(|| one(majority(&own.samples))));
        for (at, sample) in own.samples.iter().enumerate() {
            let response = sample.line.and_then(|line| of_line.get(&line));
            let right = sample.grade == Grade::Right;
            let mut shares = vec![one(f64::from(u8::from(right)))];
            // What is of all samples stands in the row of the first.
            let none = vec![Cluster::default(); whole.len()];
            shares.extend(if at == 0 { whole.clone() } else { none });
            let groups = [("category", &item.category), ("level", &item.level)];
            let group = |(name, value): (&str, &Option<String>)| {
                value.as_ref().map(|value| Group::new(name, value))
            };
            rows.push(Row {
                key: sample_key(&item.key, at),
                cluster: item.key.clone(),
                prompt: text.clone(),
                response: response.and_then(|response| response.text.clone()),
                finish_reason: response.and_then(|response| response.finish_reason.clone()),
                thinking: sample.thinking,
                shares,
                groups: groups.into_iter().filter_map(group).collect(),
                marks: vec![Mark {
                    about: format!("the answer {}", item.answer),
                    met: sample.line.map(|_| right),
                    reason: match &sample.answer {
                        Some(answer) => format!("answered {answer}"),
                        None => "no answer found".to_owned(),
                    },
                    ..Mark::default()
                }],
                ..Row::default()
            });
        }
    }
    let metric = |name| Metric { name, best: 1.0 };
    Sheet { metrics: metrics.into_iter().map(metric).collect(), rows }
}

fn one(gain: f64) -> Cluster {
    Cluster { gain, size: 1.0 }
}
