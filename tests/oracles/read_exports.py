"""Reads exported prompts back as trainers do: pyarrow and `datasets`, schema and values.

usage: read_exports.py FOLDER

FOLDER holds `ifeval`, `verl`, `trl` and `open-instruct` (as `heedful data export` writes them), and
`artifacts/<name>-<id>`, the artifact that they were made from. Needs: pyarrow, datasets.
"""

import ast
import glob
import json
import os
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

SCHEMAS = {
    "verl": {
        "data_source": pa.string(),
        "prompt": MESSAGES,
        "ability": pa.string(),
        "reward_model": pa.struct([("style", pa.string()), ("ground_truth", pa.string())]),
        "extra_info": pa.struct(
            [
                ("split", pa.string()),
                ("index", pa.int64()),
                ("id", pa.string()),
                ("level", pa.int64()),
            ]
        ),
    },
    "trl": {
        "prompt": MESSAGES,
        "id": pa.string(),
        "level": pa.int64(),
        "instruction_id_list": pa.list_(pa.string()),
        "kwargs": pa.string(),
        "constraints": pa.string(),
    },
    "open-instruct": {
        "key": pa.string(),
        "messages": MESSAGES,
        "ground_truth": pa.string(),
        "dataset": pa.string(),
        "constraint_type": pa.string(),
        "constraint": pa.string(),
    },
}


def load(pattern, kind="parquet"):
    """The rows of all files of a pattern, through `datasets`, nothing cached."""
    files = sorted(glob.glob(pattern))
    assert files, f"no file {pattern}"
    cache = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"read_exports_{os.getpid()}")
    options = {"split": "train", "cache_dir": cache}
    parts = [datasets.load_dataset(kind, data_files=name, **options) for name in files]
    return [row for part in parts for row in part]


def check_schema(folder, layout):
    for name in glob.glob(os.path.join(folder, layout, "*.parquet")):
        schema = pq.read_schema(name)
        assert b"huggingface" not in (schema.metadata or {}), name
        found = {field.name: field.type for field in schema}
        assert list(found) == list(SCHEMAS[layout]), (name, list(found))
        for column, kind in SCHEMAS[layout].items():
            assert found[column].equals(kind), (name, column, found[column], kind)


def hard_of(row):
    return row["instruction_id_list"], json.loads(row["kwargs"])


def check_artifact(ours):
    for row in ours.values():
        ids, kwargs = hard_of(row)
        assert len(ids) == len(kwargs)
        assert len(row["constraints"]) == row["level"]
        assert [c["id"] for c in row["constraints"] if c["kind"] == "hard"] == ids
        assert row["messages"][-1] == {"role": "user", "content": row["prompt"]}
        assert all(c["text"].rstrip(".") in row["prompt"] for c in row["constraints"])
        if ids:
            assert row["witness"]
        if row["level"] > 1:
            assert ours[row["parent"]]["level"] == row["level"] - 1
            assert ours[row["parent"]]["seed_id"] == row["seed_id"]


def check_verl(folder, ours):
    rows = load(os.path.join(folder, "verl", "*.parquet"))
    assert len(rows) == len(ours)
    for row in rows:
        source = ours[row["extra_info"]["id"]]
        assert row["data_source"] == "heedful" and row["ability"] == "instruction_following"
        assert row["prompt"] == source["messages"]
        assert row["reward_model"]["style"] == "rule"
        truth = json.loads(row["reward_model"]["ground_truth"])
        assert (truth["instruction_id_list"], truth["kwargs"]) == hard_of(source)
        assert len(truth["constraints"]) == source["level"] == row["extra_info"]["level"]
        assert all(isinstance(c["args"], dict) for c in truth["constraints"])
        assert row["extra_info"]["index"] == source["key"]
        assert row["extra_info"]["split"] == source["split"]


def check_trl(folder, ours):
    rows = load(os.path.join(folder, "trl", "*.parquet"))
    assert len(rows) == len(ours)
    for row in rows:
        source = ours[row["id"]]
        assert row["prompt"] == source["messages"]
        assert (row["instruction_id_list"], json.loads(row["kwargs"])) == hard_of(source)
        assert len(json.loads(row["constraints"])) == row["level"] == source["level"]


def check_open_instruct(folder, ours):
    rows = load(os.path.join(folder, "open-instruct", "*.parquet"))
    assert {row["key"] for row in rows} == {i for i, row in ours.items() if hard_of(row)[0]}
    for row in rows:
        ids, kwargs = hard_of(ours[row["key"]])
        truth = ast.literal_eval(row["ground_truth"])
        assert isinstance(truth, list) and len(truth) == 1
        assert truth[0]["instruction_id"] == ids
        assert [k or {} for k in truth[0]["kwargs"]] == kwargs
        assert row["dataset"] == "ifeval"
        assert row["constraint_type"] == ("multi" if len(ids) > 1 else "single")
        assert row["messages"] == ours[row["key"]]["messages"]


def check_ifeval(folder, ours):
    by_key = {row["key"]: row for row in ours.values()}
    n = 0
    for name in sorted(glob.glob(os.path.join(folder, "ifeval", "*.jsonl"))):
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                assert list(row) == ["key", "prompt", "instruction_id_list", "kwargs"]
                source = by_key[row["key"]]
                assert row["prompt"] == source["prompt"]
                assert (row["instruction_id_list"], row["kwargs"]) == hard_of(source)
                assert all(v is not None for kwargs in row["kwargs"] for v in kwargs.values())
                n += 1
    assert n == sum(1 for row in ours.values() if hard_of(row)[0])


def check_card(folder):
    """The artifact itself loads as a dataset by its card, split by split."""
    (artifact,) = glob.glob(os.path.join(folder, "artifacts", "*-*"))
    manifest = json.load(open(os.path.join(artifact, "manifest.json"), encoding="utf-8"))
    loaded = datasets.load_dataset(artifact)
    splits = manifest["counts"]["splits"]
    assert {name: len(part) for name, part in loaded.items()} == splits, (loaded, splits)


def main():
    (folder,) = sys.argv[1:]
    rows = load(os.path.join(folder, "artifacts", "*", "data", "*.parquet"))
    ours = {row["id"]: row for row in rows}
    assert len(ours) == len(rows) > 0
    check_artifact(ours)
    for layout in SCHEMAS:
        check_schema(folder, layout)
    check_verl(folder, ours)
    check_trl(folder, ours)
    check_open_instruct(folder, ours)
    check_ifeval(folder, ours)
    check_card(folder)
    print(f"{len(ours)} rows read back in every layout by datasets {datasets.__version__}")


main()
