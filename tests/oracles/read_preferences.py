"""Reads exported preferences back as trainers do: pyarrow and `datasets`, schema and values.

usage: read_preferences.py FOLDER PAIRS

FOLDER holds `trl-preference`, `trl-unpaired` and `nemo-preference` (as `heedful data export` writes
them); PAIRS is the artifact that they were made from. Needs: pyarrow, datasets.
"""

import glob
import json
import os
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
TEXTS = {name: pa.string() for name in ("id", "constraint_id", "constraint")}
SCHEMAS = {
    "trl-preference": {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES, **TEXTS},
    "trl-unpaired": {"prompt": MESSAGES, "completion": MESSAGES, "label": pa.bool_(), **TEXTS},
}


def load(pattern):
    """The rows of all files of a pattern, through `datasets`, nothing cached."""
    files = sorted(glob.glob(pattern))
    assert files, f"no file {pattern}"
    cache = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"read_preferences_{os.getpid()}")
    options = {"split": "train", "cache_dir": cache}
    parts = [datasets.load_dataset("parquet", data_files=name, **options) for name in files]
    return [row for part in parts for row in part]


def check_schema(folder, layout):
    for name in glob.glob(os.path.join(folder, layout, "*.parquet")):
        schema = pq.read_schema(name)
        assert b"huggingface" not in (schema.metadata or {}), name
        found = {field.name: field.type for field in schema}
        assert list(found) == list(SCHEMAS[layout]), (name, list(found))
        for column, kind in SCHEMAS[layout].items():
            assert found[column].equals(kind), (name, column, found[column], kind)


def said(message_list):
    """The one message of the assistant."""
    (message,) = message_list
    assert message["role"] == "assistant"
    return message["content"]


def couples(pairs):
    """Positive and negative of each ladder, level and sample."""
    found = {}
    for row in pairs:
        if row["level"] - row["response_level"] in (0, 1):
            key = row["ladder"], row["level"], row["sample"]
            found.setdefault(key, {})[row["side"]] = row
    return [c for c in found.values() if len(c) == 2]


def main():
    folder, artifact = sys.argv[1:]
    pairs = load(os.path.join(artifact, "data", "*.parquet"))
    for layout in SCHEMAS:
        check_schema(folder, layout)
    expected = set()
    for couple in couples(pairs):
        sides = couple["positive"], couple["negative"]
        chosen = [row for row in sides if row["label"] == 1]
        rejected = [row for row in sides if row["label"] == 0]
        if len(chosen) == len(rejected) == 1:
            prompt = couple["positive"]["prompt"]
            expected.add((prompt, chosen[0]["response"], rejected[0]["response"]))

    rows = load(os.path.join(folder, "trl-preference", "*.parquet"))
    found = {(r["prompt"][-1]["content"], said(r["chosen"]), said(r["rejected"])) for r in rows}
    assert found == expected, "other preferences than those of the pairs"
    assert all(row["prompt"][-1]["role"] == "user" for row in rows)

    unpaired = load(os.path.join(folder, "trl-unpaired", "*.parquet"))
    labels = {row["id"]: row["label"] for row in unpaired}
    assert labels == {row["id"]: row["label"] == 1 for row in pairs}
    assert {type(row["label"]) for row in unpaired} == {bool}

    nemo = set()
    for name in glob.glob(os.path.join(folder, "nemo-preference", "*.jsonl")):
        with open(name, encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                assert list(row) == ["context", "completions", "task_name"]
                best, worst = row["completions"]
                assert (best["rank"], worst["rank"]) == (0, 1)
                texts = said(best["completion"]), said(worst["completion"])
                nemo.add((row["context"][-1]["content"], *texts))
    assert nemo == expected
    print(f"{len(rows)} rows read back by datasets {datasets.__version__}")


main()
