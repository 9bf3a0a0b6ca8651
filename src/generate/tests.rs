//! Whole runs against a policy of our own.

use heedful_benchmarks::finish::FinishReason;
use heedful_datasets::rows::open_strict;
use serde_json::json;

use super::*;

fn job(out: &Path, rows: usize, samples: u32) -> Job {
    let row = |at: usize| Row {
        key: format!("k{at}"),
        prompt: format!("p{at}"),
        messages: vec![Message::user(&format!("p{at}"))],
    };
    let plan = Plan {
        stage: STAGE.to_owned(),
        name: "run".to_owned(),
        config: json!({"model": "m", "samples": samples}),
        seed: 0,
        parents: Vec::new(),
        inputs: Vec::new(),
        schema_version: artifact::SCHEMA_VERSION,
        verifiers: Vec::new(),
    };
    Job {
        out: out.to_owned(),
        plan,
        rows: (0..rows).map(row).collect(),
        samples,
        policy: "ours".to_owned(),
        revision: Revision::default(),
    }
}

/// The answer of a policy that always answers the same.
fn answer(request: &Request) -> Response {
    let n = request.row as u32 * 10 + request.sample;
    Response {
        row: request.row,
        key: request.key.clone(),
        sample: request.sample,
        text: format!("answer {n}"),
        reasoning: n.is_multiple_of(2).then(|| "hm".to_owned()),
        finish: FinishReason::named(if n.is_multiple_of(3) { "length" } else { "stop" }),
        prompt_tokens: Some(3),
        tokens: Some(n),
        logprob: Some(-0.1 * f64::from(n) - 1.0 / 3.0),
        logprobs: Some(vec![-0.1, 1.0 / 3.0]),
        ids: (n % 2 == 1).then(|| vec![n, 2]),
    }
}

fn table(outcome: &Outcome) -> Vec<u8> {
    std::fs::read(outcome.path.join("data/responses-00000-of-00001.parquet")).unwrap()
}

#[test]
fn the_order_of_answers_and_a_kill_leave_no_trace() {
    let folders: [tempfile::TempDir; 3] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let straight = complete(&job(folders[0].path(), 5, 3), |requests, done| {
        done(requests.iter().map(answer).collect())
    })
    .unwrap();
    let backwards = complete(&job(folders[1].path(), 5, 3), |requests, done| {
        requests.iter().rev().try_for_each(|request| done(vec![answer(request)]))
    })
    .unwrap();
    assert_eq!(table(&straight), table(&backwards));
    assert_eq!((straight.responses, straight.resumed, straight.truncated), (15, 0, 5));

    let killed = job(folders[2].path(), 5, 3);
    let error = complete(&killed, |requests, done| {
        done(requests[3..9].iter().map(answer).collect())?;
        Err(Error::usage("killed"))
    });
    assert_eq!(error.unwrap_err().to_string(), "killed");
    let journal = journal_path(&killed.out, &killed.plan);
    // The end of a line that the kill tore.
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes.extend(b"{\"row\":4,\"ke");
    std::fs::write(&journal, bytes).unwrap();
    let resumed = complete(&killed, |requests, done| {
        assert_eq!(requests.len(), 9);
        done(requests.iter().map(answer).collect())
    })
    .unwrap();
    assert_eq!((resumed.resumed, resumed.id.as_str()), (6, straight.id.as_str()));
    assert_eq!(table(&resumed), table(&straight));
    assert!(!journal.exists());
    let again = complete(&killed, |_, _| panic!("nothing is left to ask")).unwrap();
    assert!(again.found);
}

#[test]
fn rows_hold_what_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = complete(&job(folder.path(), 2, 2), |requests, done| {
        done(requests.iter().map(answer).collect())
    })
    .unwrap();
    let path = outcome.path.join("data/responses-00000-of-00001.parquet");
    let rows: Vec<_> = open_strict(&path).unwrap().map(|row| row.unwrap().object).collect();
    assert_eq!(rows.len(), 4);
    let expected = json!({"key": "k0", "prompt": "p0", "sample": 0, "response": "answer 0",
        "reasoning": "hm", "finish_reason": "length", "prompt_tokens": 3, "tokens": 0});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(rows[0][key], *value, "{key}");
    }
    assert_eq!(rows[3]["token_ids"], json!([11, 2]));
    assert_eq!(rows[0]["token_ids"], json!(null));
    assert_eq!(heedful_datasets::artifact::check(&outcome.path).unwrap(), []);
}

#[test]
fn what_is_left_unanswered_is_no_artifact() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path(), 2, 2);
    let error = complete(&job, |requests, done| done(vec![answer(&requests[0])])).unwrap_err();
    assert!(error.to_string().contains("3 of 4"), "{error}");
    assert!(journal_path(&job.out, &job.plan).exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the journal alone");
}
