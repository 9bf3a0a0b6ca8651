"""Whole processes over the same saved responses: `heedful eval` and lm-evaluation-harness.

    PYTHON benchmarks/peer/lm_eval_saved.py HEEDFUL --prompts P --responses R --nltk-data DIR
        [--rounds 3]

PYTHON has lm_eval, langdetect, immutabledict. The harness has no command that scores what was
saved, so its part is the least there is: its own functions of the task `ifeval` over each response,
in a process that imports what they import and no model, data set or evaluator. Turns alternate. All
accuracies must agree up to the two prompts (keys 1122 and 1129) that ask for a character which is
no letter, where the harness draws one. Medians of wall seconds are printed as JSON.

DIR is an nltk_data folder with tokenizers/punkt_tab, or holds punkt_tab_english.
"""

import sys

# A neighbour of this file has the name of a module that the harness imports.
sys.path.pop(0)

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

METRICS = {"prompt_level_strict_acc": "prompt_strict", "inst_level_strict_acc": "inst_strict",
           "prompt_level_loose_acc": "prompt_loose", "inst_level_loose_acc": "inst_loose"}

CHANCE = 2


def harness(prompts, responses):
    """The harness's verdicts, in this process: correct and total by metric."""
    from lm_eval.tasks.ifeval.utils import process_results

    rows = [json.loads(line) for line in open(responses, encoding="utf-8")]
    said = {row["prompt"]: row["response"] for row in rows}
    sums = {name: [0, 0] for name in METRICS.values()}
    for line in open(prompts, encoding="utf-8"):
        doc = json.loads(line)
        for name, found in process_results(doc, [said[doc["prompt"]]]).items():
            found = found if isinstance(found, list) else [found]
            sums[METRICS[name]][0] += sum(found)
            sums[METRICS[name]][1] += len(found)
    return sums


def arranged(folder):
    """The nltk_data folder, as NLTK wants it."""
    if (folder / "tokenizers" / "punkt_tab").is_dir():
        return folder
    home = pathlib.Path(tempfile.mkdtemp(prefix="nltk_data"))
    target = home / "tokenizers" / "punkt_tab" / "english"
    shutil.copytree(folder / "punkt_tab_english", target)
    return home


def timed(command, environment):
    start = time.perf_counter()
    out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, json.loads(out.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heedful", nargs="?")
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--responses", required=True)
    parser.add_argument("--nltk-data", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.heedful is None:
        print(json.dumps(harness(given.prompts, given.responses)))
        return
    environment = dict(os.environ)
    if given.nltk_data:
        environment["NLTK_DATA"] = str(arranged(given.nltk_data))
    files = ["--prompts", given.prompts, "--responses", given.responses]
    ours = [given.heedful, "eval", "ifeval", *files, "--json"]
    theirs = [sys.executable, __file__, *files]
    times = {"heedful": [], "lm_eval": []}
    for _ in range(given.rounds):
        seconds, scores = timed(ours, environment)
        times["heedful"].append(seconds)
        seconds, sums = timed(theirs, environment)
        times["lm_eval"].append(seconds)
        mine = {name: [scores[name]["correct"], scores[name]["total"]] for name in sums}
        apart = [abs(mine[name][0] - sums[name][0]) for name in sums]
        totals = all(mine[name][1] == sums[name][1] for name in sums)
        if max(apart) > CHANCE or not totals:
            sys.exit(f"verdicts differ: {mine}, the harness has {sums}")
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    ratio = medians["lm_eval"] / medians["heedful"]
    print(json.dumps({"seconds": medians, "ratio": ratio, "all": times, "harness": sums,
                      "heedful": mine}))


if __name__ == "__main__":
    main()
