#!/usr/bin/env python3
"""Checks the seed instructions and prints a table; exits 1 on any finding, 2 on bad usage.

    python3 scripts/check_seeds.py [--seeds datasets/seeds] [--benchmarks FOLDER]

FOLDER holds the published test sets in the folders ifeval, ifbench, followbench and infobench
(JSON or JSON Lines). Without it the overlap check is skipped, and said to be.
Standard library only.
"""

import argparse
import collections
import json
import pathlib
import re
import sys
import unicodedata

BENCHMARKS = ("ifeval", "ifbench", "followbench", "infobench")
PROMPT_KEYS = {"prompt", "instruction", "input"}
FIELDS = ["id", "kind", "language", "instruction"]
# The codes as langdetect writes them.
LANGUAGES = ["en", "es", "fr", "de", "pt", "it", "zh-cn", "ja", "hi", "ar", "ru"]
NGRAM = 8
MAX_JACCARD = 0.5
MIN_ROWS, MIN_KINDS, ROWS_A_KIND = 460, 14, (25, 40)
FOREIGN_SHARE = (0.05, 0.20)
# Wording that would be a constraint of its own; those are added by the build stage.
OWN_CONSTRAINT = re.compile(
    r"\b(at (least|most) \w+ (words|sentences|paragraphs|lines)|\d+ (words|sentences|paragraphs)"
    r"|bullet|markdown|json|lower ?case|upper ?case|all caps|no commas|haiku|limerick|rhym"
    r"|(in|with) (a|an) \w+ (tone|style|voice)|in the style of|word limit"
    r"|following (text|passage))",
    re.IGNORECASE,
)


def words(text):
    """Case-folded runs of letters, marks and digits; a Han or kana character stands alone."""
    out, run = [], []
    for ch in unicodedata.normalize("NFKC", text).casefold():
        alone = "\u3040" <= ch <= "\u30ff" or "\u4e00" <= ch <= "\u9fff"
        inside = unicodedata.category(ch)[0] in "LMN"
        if run and (alone or not inside):
            out.append("".join(run))
            run = []
        if alone:
            out.append(ch)
        elif inside:
            run.append(ch)
    if run:
        out.append("".join(run))
    return out


def ngrams(tokens):
    return {tuple(tokens[i : i + NGRAM]) for i in range(len(tokens) - NGRAM + 1)}


def load_seeds(folder, findings):
    """All rows, in file order; malformed rows and wrong names become findings."""
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        last = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.name}:{number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                findings.append(f"{where}: not json: {error}")
                continue
            if not isinstance(row, dict) or list(row) != FIELDS:
                findings.append(f"{where}: fields are not {FIELDS}")
                continue
            if not all(isinstance(v, str) and v and v == v.strip() for v in row.values()):
                findings.append(f"{where}: a value is not text, empty or padded")
                continue
            if row["kind"] != path.stem:
                findings.append(f"{where}: kind {row['kind']} in the file of {path.stem}")
            if not re.fullmatch(re.escape(path.stem) + r"-\d{3}", row["id"]):
                findings.append(f"{where}: id {row['id']} is not {path.stem}-NNN")
            if row["id"] <= last:
                findings.append(f"{where}: id {row['id']} not after {last}: unsorted or repeated")
            if row["language"] not in LANGUAGES:
                findings.append(f"{where}: language {row['language']} is unknown")
            if hit := OWN_CONSTRAINT.search(row["instruction"]):
                findings.append(f"{where}: own constraint: {hit.group(0)}")
            last = row["id"]
            rows.append(row)
    return rows


def check_counts(rows, findings):
    kinds = collections.Counter(row["kind"] for row in rows)
    if len(rows) < MIN_ROWS:
        findings.append(f"{len(rows)} rows, at least {MIN_ROWS} wanted")
    if len(kinds) < MIN_KINDS:
        findings.append(f"{len(kinds)} kinds, at least {MIN_KINDS} wanted")
    low, high = ROWS_A_KIND
    for kind, count in sorted(kinds.items()):
        if not low <= count <= high:
            findings.append(f"{kind}: {count} rows, {low} to {high} wanted")
    share = sum(row["language"] != "en" for row in rows) / max(len(rows), 1)
    if not FOREIGN_SHARE[0] <= share <= FOREIGN_SHARE[1]:
        findings.append(f"share of other languages is {share:.3f}, {FOREIGN_SHARE} wanted")


def print_table(rows):
    used = [code for code in LANGUAGES if any(row["language"] == code for row in rows)]
    cells = collections.Counter((row["kind"], row["language"]) for row in rows)
    print(f"{'kind':<18}" + "".join(f"{code:>7}" for code in used) + f"{'all':>7}{'words':>8}")
    for kind in sorted({row["kind"] for row in rows}) + ["all"]:
        mine = [row for row in rows if kind in ("all", row["kind"])]
        counts = [sum(cells[key] for key in cells if key[1] == code and kind in ("all", key[0]))
                  for code in used]
        mean = sum(len(words(row["instruction"])) for row in mine) / len(mine)
        print(f"{kind:<18}" + "".join(f"{n:>7}" for n in counts) + f"{len(mine):>7}{mean:>8.1f}")


def check_duplicates(rows, findings):
    """Every pair of rows; returns the highest Jaccard index met and its pair."""
    sets = [(row["id"], set(words(row["instruction"]))) for row in rows]
    worst = (0.0, "", "")
    for i, (left, a) in enumerate(sets):
        for right, b in sets[:i]:
            index = len(a & b) / max(len(a | b), 1)
            worst = max(worst, (index, right, left))
            if index > MAX_JACCARD:
                findings.append(f"{right} and {left} are near duplicates: jaccard {index:.2f}")
    return worst


def prompts_in(value, key=""):
    """Every text below `value` that stands under one of the prompt keys."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from prompts_in(below, name)
    elif isinstance(value, list):
        for below in value:
            yield from prompts_in(below, key)
    elif isinstance(value, str) and key in PROMPT_KEYS:
        yield value


def load_prompts(folder):
    prompts = set()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".jsonl")):
        text = path.read_text(encoding="utf-8")
        parts = text.split("\n") if path.suffix == ".jsonl" else [text]
        for part in parts:
            if part.strip():
                prompts.update(prompts_in(json.loads(part)))
    return prompts


def check_overlap(rows, folder, findings):
    mine = [(row["id"], ngrams(words(row["instruction"]))) for row in rows]
    for name in BENCHMARKS:
        prompts = load_prompts(folder / name)
        if not prompts:
            findings.append(f"no prompts of {name} under {folder}")
            continue
        theirs = set()
        for prompt in prompts:
            theirs |= ngrams(words(prompt))
        shared = [(seed, gram) for seed, grams in mine for gram in sorted(grams & theirs)]
        print(f"{name}: {len(prompts)} prompts, {len(theirs)} {NGRAM}-grams, {len(shared)} shared")
        for seed, gram in shared:
            findings.append(f"{seed} shares with {name}: {' '.join(gram)}")


def main():
    parser = argparse.ArgumentParser(description="check the seed instructions")
    parser.add_argument("--seeds", type=pathlib.Path, default=pathlib.Path("datasets/seeds"))
    parser.add_argument("--benchmarks", type=pathlib.Path)
    options = parser.parse_args()
    for folder in filter(None, (options.seeds, options.benchmarks)):
        if not folder.is_dir():
            parser.error(f"no such folder: {folder}")
    findings = []
    rows = load_seeds(options.seeds, findings)
    check_counts(rows, findings)
    if rows:
        print_table(rows)
    index, left, right = check_duplicates(rows, findings)
    print(f"closest pair: {left} {right}, jaccard {index:.2f} (limit {MAX_JACCARD})")
    if options.benchmarks:
        check_overlap(rows, options.benchmarks, findings)
    else:
        print("SKIPPED: overlap with benchmark prompts (no --benchmarks folder)")
    for finding in findings:
        print(f"FINDING: {finding}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
