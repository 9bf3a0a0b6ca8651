#!/usr/bin/env python3
"""Seconds of whole processes of `heedful eval`, from their start, cold but for the file cache.

    python3 benchmarks/suites.py HEEDFUL DATA [--rounds 7]

`rules`: 541 IFEval and 300 IFBench responses in one process. DATA holds `ifeval`, `ifbench` and
`golden` with what the official scorers say of the same responses, which must be said again.
`cfbench`: 1,000 items and 12 models, made up by a seed, each with its responses and a judge's
replies; CSR, ISR and PSR must be those that are computed here. One process a model, one after
another; the sum counts. Turns alternate; medians are printed as JSON.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

GPT4 = "input_data_gpt4_20231107_145030.jsonl"
SAID = "responses/input_response_data_gpt4_20231107_145030.jsonl"
PRIMARY, SECONDARY = "主需", "次需"
ITEMS, MODELS = 1000, 12


def timed(*command):
    """Wall seconds of a process, and its JSON."""
    start = time.perf_counter()
    out = subprocess.check_output([*map(str, command), "--json"])
    return time.perf_counter() - start, json.loads(out)


def rules(program, data):
    """One run of the rule-scored benchmarks, held against the recorded figures."""
    files = {"ifeval": (data / "ifeval" / GPT4, data / "ifeval" / SAID),
             "ifbench": (data / "ifbench/IFBench_test.jsonl", data / "ifbench/sample_output.jsonl")}
    command = [program, "eval", *files]
    for name, (items, responses) in files.items():
        command += ["--items", f"{name}={items}", "--responses", f"{name}={responses}"]
    seconds, told = timed(*command)
    official = {}
    for name in files:
        official |= json.loads((data / f"golden/prompt_level_{name}.json").read_text())
    wanted = {"ifeval": official["gpt4/input_data_gpt4_20231107"],
              "ifbench": official["ifbench_sample_output"]}
    for name in files:
        for reading in ["strict", "loose"]:
            for level in ["prompt", "inst"]:
                got = told["benchmarks"][name][f"{level}_{reading}"]["correct"]
                assert got == wanted[name][reading][f"{level}_correct"], (name, reading, level)
    return seconds


def made_up(folder, chance):
    """CFBench's files for one model, and the means of what the replies come to."""
    items, replies, shares = [], [], []
    for key in range(ITEMS):
        count = chance.randint(2, 8)
        criteria = [[f"criterion {place} of {key}", chance.choice([PRIMARY, SECONDARY]), "a", "b"]
                    for place in range(count)]
        marks = [chance.random() < 0.8 for _ in criteria]
        words = chance.choices(["boat", "river", "night", "stone", "light"], k=150)
        items.append({"idx": key, "prompt": f"Write about {key}.", "gold": "", "doamin": "d",
                      "scenario": "s", "source": "o", "split": chance.choice(["easy", "hard"]),
                      "criteria": criteria, "response": " ".join(words)})
        lines = (f"{text[0]}\t{int(mark)}" for text, mark in zip(criteria, marks))
        replies.append({"key": str(key), "reply": "\n\n".join(lines)})
        shares.append(figures(criteria, marks))
    (folder / "items.json").write_text(json.dumps(items, ensure_ascii=False))
    (folder / "replies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in replies))
    return [sum(column) / ITEMS for column in zip(*shares)]


def figures(criteria, marks):
    """CSR, ISR and PSR of one item, as CFBench defines them."""
    share = round(sum(marks) / len(marks), 2)
    of = {level: [mark for (_, own, *_), mark in zip(criteria, marks) if own == level]
          for level in (PRIMARY, SECONDARY)}
    if not all(of[PRIMARY]):
        by_priority = False
    elif not of[PRIMARY]:
        by_priority = share > 0.8
    elif not of[SECONDARY]:
        by_priority = True
    else:
        mean = round(sum(of[SECONDARY]) / len(of[SECONDARY]), 2)
        by_priority = 0.5 + 0.5 * mean > 0.8
    return share, share == 1.0, by_priority


def cfbench(program, models):
    """One run of all models."""
    total = 0.0
    for folder, wanted in models:
        seconds, told = timed(program, "eval", "cfbench", "--items", folder / "items.json",
                              "--judge-replies", folder / "replies.jsonl")
        got = [told["metrics"][name]["value"] for name in ["csr", "isr", "psr"]]
        assert all(abs(a - b) < 1e-9 for a, b in zip(got, wanted)), (folder, got, wanted)
        total += seconds
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heedful", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    chance, models = random.Random(6), []
    with tempfile.TemporaryDirectory() as home:
        for model in range(MODELS):
            folder = pathlib.Path(home) / f"model-{model}"
            folder.mkdir()
            models.append((folder, made_up(folder, chance)))
        times = {"rules": [], "cfbench": []}
        for _ in range(given.rounds):
            times["rules"].append(rules(given.heedful, given.data))
            times["cfbench"].append(cfbench(given.heedful, models))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(json.dumps({"seconds": medians, "all": times}))


if __name__ == "__main__":
    main()
