"""Logs of lm-evaluation-harness and Inspect, written by these tools, and ours opened by them.

usage: exchange.py write PROMPTS FOLDER
       exchange.py read FOLDER

`write` answers PROMPTS, `{key, prompt, instruction_id_list, kwargs}` a line, twice each through
Inspect (a log of two epochs) and once through lm-evaluation-harness, with verdicts that are true of
every third prompt, and prints how many verdicts are. `read` opens FOLDER/inspect/RUN.eval and
FOLDER/lm-eval/RUN, as `heedful data export` writes them, and holds both to each other and to the
figures that the tools themselves compute. Needs: inspect_ai, lm_eval, datasets, pandas.
"""

import glob
import json
import math
import os
import sys

VERDICTS = ["prompt_level_strict", "prompt_level_loose", "inst_level_strict", "inst_level_loose"]


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def answer(row, n):
    """No comma in every third; the rest of the prompt is left alone."""
    return f"{row['key']}: one\u00a0– “two”{'' if n % 3 == 0 else ', three'}"


def write_inspect(items, folder):
    from inspect_ai import Task, eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import Score, mean, scorer

    @scorer(metrics={"*": [mean()]})
    def instruction_following():
        async def score(state, target):
            ids = state.metadata["instruction_id_list"]
            good = ", three" not in state.output.completion
            follows = len(ids) if good else 0
            value = dict(zip(VERDICTS, [good, good, follows, follows]))
            value["num_instructions"] = len(ids)
            return Score(value=value, answer=state.output.completion)

        return score

    def sample(row):
        kwargs = {at: kwargs for at, kwargs in enumerate(row["kwargs"])}
        metadata = {"prompt": row["prompt"], "kwargs": kwargs}
        metadata["instruction_id_list"] = row["instruction_id_list"]
        return Sample(id=row["key"], input=row["prompt"], metadata=metadata)

    def spoken(text):
        output = ModelOutput.from_content("mockllm/model", text)
        output.usage = ModelUsage(input_tokens=3, output_tokens=7, total_tokens=10)
        return output

    given = {row["prompt"]: answer(row, n) for n, row in enumerate(items)}
    model = get_model(
        "mockllm/model", custom_outputs=lambda messages, *_: spoken(given[messages[-1].text])
    )
    task = Task(dataset=[sample(row) for row in items], scorer=instruction_following())
    (log,) = evaluate(task, model=model, epochs=2, log_dir=folder, display="none")
    assert log.status == "success", log.error


def write_lm_eval(items, folder):
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.utils import hash_string

    def sample(n, row):
        good, ids = n % 3 == 0, row["instruction_id_list"]
        values = [good, good, [good] * len(ids), [good] * len(ids)]
        sample = {
            "doc_id": n,
            "doc": row,
            "target": 0,
            "arguments": [(row["prompt"], {"until": []})],
            "resps": [[answer(row, n)]],
            "filtered_resps": [answer(row, n)],
            "filter": "none",
            "metrics": [f"{name}_acc" for name in VERDICTS],
            "doc_hash": hash_string(json.dumps(row)),
            "prompt_hash": hash_string(row["prompt"]),
            "target_hash": hash_string("0"),
        }
        return sample | {f"{name}_acc": value for name, value in zip(VERDICTS, values)}

    tracker = EvaluationTracker(output_path=folder)
    tracker.general_config_tracker.log_experiment_args("dummy", "model=mock", None, None, False)
    samples = [sample(n, row) for n, row in enumerate(items)]
    tracker.save_results_aggregated({"results": {}}, samples={"ifeval": samples})
    tracker.save_results_samples("ifeval", samples)


def write(prompts, folder):
    items = rows(prompts)
    write_inspect(items, os.path.join(folder, "inspect"))
    write_lm_eval(items, os.path.join(folder, "lm-eval"))
    print(f"{len(items)} prompts answered")


def close(one, other):
    assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12), (one, other)


def read_inspect(folder):
    """The samples of our log by the number of their order, and what Inspect says of them."""
    from inspect_ai.analysis import evals_df, samples_df
    from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries
    from inspect_ai.log import read_eval_log_samples
    from inspect_ai.scorer import SampleScore, mean, stderr

    (path,) = glob.glob(os.path.join(folder, "inspect", "*.eval"))
    log = read_eval_log(path)
    assert log.status == "success" and log.version == 2 and log.samples
    assert read_eval_log(path, header_only=True).results == log.results
    samples = list(read_eval_log_samples(path, all_samples_required=True))
    assert [sample.id for sample in samples] == log.eval.dataset.sample_ids
    assert len(samples) == log.eval.dataset.samples == log.results.total_samples
    summaries = read_eval_log_sample_summaries(path)
    assert [summary.id for summary in summaries] == [sample.id for sample in samples]
    assert all(summary.completed and summary.error is None for summary in summaries)
    assert len(samples_df(path)) == len(samples) and len(evals_df(path)) == 1
    (score,) = log.results.scores
    metrics = {name: metric.value for name, metric in score.metrics.items()}
    values = [sample.scores["instruction_following"].value for sample in samples]
    for name in ("strict", "loose"):
        scores = [sample.scores["instruction_following"] for sample in samples]
        flat = [s.model_copy(update={"value": s.value[f"prompt_level_{name}"]}) for s in scores]
        flat = [SampleScore(score=one) for one in flat]
        close(metrics[f"prompt_{name}_acc"], mean()(flat))
        close(metrics[f"prompt_{name}_stderr"], stderr()(flat))
        # A cluster a prompt, one score an instruction.
        each = []
        for sample, one in zip(samples, scores):
            for followed in one.metadata[f"instructions_{name}"]:
                single = one.model_copy(update={"value": followed})
                metadata = {"prompt": str(sample.id)}
                each.append(SampleScore(score=single, sample_metadata=metadata))
        close(metrics[f"inst_{name}_acc"], mean()(each))
        close(metrics[f"inst_{name}_stderr"], stderr(cluster="prompt")(each))
    for sample, value in zip(samples, values):
        assert sample.messages[0].text == sample.input == sample.metadata["prompt"]
        assert sample.output.completion == sample.scores["instruction_following"].answer
        assert value["num_instructions"] == len(sample.metadata["instruction_id_list"])
    return samples


def read_lm_eval(folder):
    """The samples of our results, held to what lm-evaluation-harness computes from them."""
    import datasets
    from lm_eval import utils
    from lm_eval.api.metrics import mean, mean_stderr
    from lm_eval.result_schema import SampleResult

    files = glob.glob(os.path.join(folder, "lm-eval", "*", "*"))
    (samples,) = utils.get_sample_results_filenames(files)
    (results,) = utils.get_results_filenames(files)
    assert utils.get_file_task_name(os.path.basename(samples)) == "ifeval"
    date = utils.get_file_datetime(samples)
    assert utils.get_file_datetime(results).replace(".json", "") == date
    path, cache = samples, os.path.join(folder, "cache")
    loaded = datasets.load_dataset("json", data_files=path, split="train", cache_dir=cache)
    samples = rows(path)
    assert len(loaded) == len(samples)
    with open(results, encoding="utf-8") as file:
        results = json.load(file)
    assert "prompt_level_strict_acc" in utils.make_table(results)
    hashes = ""
    for sample in samples:
        assert set(SampleResult.__annotations__) <= set(sample), sample.keys()
        doc = json.dumps(sample["doc"], indent=2, ensure_ascii=False)
        assert sample["doc_hash"] == utils.hash_string(doc), doc
        asked = sample["arguments"]["gen_args_0"]["arg_0"]
        assert sample["prompt_hash"] == utils.hash_string(asked)
        hashes += sample["doc_hash"] + sample["prompt_hash"] + sample["target_hash"]
    assert results["task_hashes"]["ifeval"] == utils.hash_string(hashes)
    told, (kind,) = results["results"]["ifeval"], {sample["filter"] for sample in samples}
    for mode in ("strict", "loose"):
        prompts = [sample[f"prompt_level_{mode}_acc"] for sample in samples]
        close(told[f"prompt_level_{mode}_acc,{kind}"], mean(prompts))
        close(told[f"prompt_level_{mode}_acc_stderr,{kind}"], mean_stderr(prompts))
        each = [followed for sample in samples for followed in sample[f"inst_level_{mode}_acc"]]
        close(told[f"inst_level_{mode}_acc,{kind}"], mean(each))
    return samples


def read(folder):
    logged, sampled = read_inspect(folder), read_lm_eval(folder)
    assert len(logged) == len(sampled) > 0
    for log, sample in zip(logged, sampled):
        score = log.scores["instruction_following"]
        assert log.id == sample["doc"]["key"]
        assert log.input == sample["doc"]["prompt"]
        assert (log.output.completion or "") == sample["filtered_resps"][0]
        assert list(log.metadata["kwargs"].values()) == sample["doc"]["kwargs"]
        for mode in ("strict", "loose"):
            each = sample[f"inst_level_{mode}_acc"]
            assert score.metadata[f"instructions_{mode}"] == each
            assert score.value[f"inst_level_{mode}"] == sum(each)
            assert score.value[f"prompt_level_{mode}"] == sample[f"prompt_level_{mode}_acc"]
    print(f"{len(logged)} samples opened by both tools")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
