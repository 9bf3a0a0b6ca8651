"""What a run of the suite measured, judged against the bars and as a table.

Floors are counted from what an op has to move or compute, divided by what this card was measured to
do in the same run: a copy within its memory, a product of 8192 cubed. A bar whose figures were not
measured is never met.
"""

import re

# Parts of the suite that compare with the host: of ops, and of small models.
PARITY_PARTS = 2

# Share of the copy's bytes a second that an op bound by memory must reach.
MEMORY = 0.80
MEMORY_OF = {"rmsnorm::backward": 0.70, "swiglu::backward": 0.70}

# Below so many seconds of floor, launches decide and not memory: told, not judged.
SHORTEST = 10e-6

# TFLOP/s of attention with heads of 128.
ATTENTION = {"attention::forward": 300, "attention::backward": 250}
HEADS_OF_128 = ("qwen2.5-1.5b", "qwen2.5-7b")

# Share of its floor that a step of decoding must reach.
DECODE = ("qwen2.5-0.5b", 0.60)

# Seconds of a GRPO step: 32 prompts of 512 tokens x 16 samples of 1,024, one epoch, no penalty.
GRPO = {"smollm2-135m": 4.2, "qwen2.5-0.5b": 5.7, "qwen2.5-1.5b": 15.8, "qwen2.5-7b": 77.0}
GRPO_WITHIN = 1.5
GRPO_JUDGED = ("qwen2.5-0.5b", "qwen2.5-1.5b")
GRPO_PROMPTS = 32

# How many times the pairs a second of transformers a classifier must score.
SCORING = 2.0


def brief(line):
    """A line as it is shown while the suite runs."""
    said = [str(line[key]) for key in ("kind", "by", "op", "shape", "type") if key in line]
    for key in ("verdict", "why", "name"):
        if key in line:
            said.append(str(line[key]))
    for key in ("error", "seconds", "tokens_per_s", "pairs_per_s"):
        if isinstance(line.get(key), (int, float)):
            said.append(f"{key} {line[key]:.3g}")
    return "  ".join(said)


def slug(record):
    """The card's name for a file's."""
    name = next(line["name"] for line in record["lines"] if line["kind"] == "card")
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("nvidia", "")).strip("-") or "card"


def of_kind(record, kind, **wanted):
    return [line for line in record["lines"] if line["kind"] == kind
            and all(line.get(key) == value for key, value in wanted.items())]


def ceilings(record):
    """Bytes and operations a second that the card was measured to do; None where it was not."""
    rates = {}
    for line in of_kind(record, "ceiling"):
        rates[line["op"]] = line.get("bytes", line.get("flops")) / line["seconds"]
    return rates.get("copy"), rates.get("product")


def bar(name, wanted, found, met):
    return {"bar": name, "wanted": wanted, "found": found,
            "verdict": {True: "met", False: "missed", None: "not judged"}[met]}


def judged(record):
    """Every bar with what was found. Nothing is judged of an emulated run."""
    bars = parity_bars(record)
    if record["emulated"]:
        return bars
    copy, _ = ceilings(record)
    bars += [found for line in of_kind(record, "floor") for found in floor_bars(line, copy)]
    bars += model_bars(record, copy)
    return bars


def parity_bars(record):
    lines = of_kind(record, "parity")
    counts = {name: sum(line["verdict"] == name for line in lines)
              for name in ("passed", "FAILED", "MISSING")}
    found = ", ".join(f"{count} {name.lower()}" for name, count in counts.items())
    met = None if not lines else counts["FAILED"] == 0 and counts["MISSING"] == 0
    ended = [part for part in record["parts"] if part["part"].endswith("parity")]
    if len(ended) < PARITY_PARTS and met:
        met, found = None, f"{found}; not all parts were run"
    elif any(part["ended"] != "finished" for part in ended):
        met = False
        broken = [part for part in ended if part["ended"] != "finished"]
        found += "; " + "; ".join(f"{part['part']}: {part['ended']}" for part in broken)
    return [bar("every op is the host's, f32 and bf16", "all passed", found, met)]


def floor_bars(line, copy):
    name = f"{line['op']}, {line['shape']}"
    if "verdict" in line:
        return [bar(name, "runs", f"{line['verdict']}: {line['why']}", False)]
    if "bytes" in line:
        if copy is None:
            return [bar(name, "share of a copy", "no copy was measured", None)]
        wanted = MEMORY_OF.get(line["op"], MEMORY)
        share = line["bytes"] / line["seconds"] / copy
        judged_at_all = line["bytes"] / copy >= SHORTEST
        found = f"{share:.0%} of a copy" + ("" if judged_at_all else ", too short to judge")
        return [bar(name, f">= {wanted:.0%}", found, share >= wanted if judged_at_all else None)]
    op = line["op"].split(",")[0]
    if op in ATTENTION and line["shape"] in HEADS_OF_128:
        rate = line["flops"] / line["seconds"] / 1e12
        return [bar(name, f">= {ATTENTION[op]} TFLOP/s", f"{rate:.0f} TFLOP/s",
                    rate >= ATTENTION[op])]
    return []


def model_bars(record, copy):
    bars = []
    shape, wanted = DECODE
    name, text = f"decode, {shape}, 256 sequences of 1,024", f">= {wanted:.0%} of its floor"
    for line in of_kind(record, "decode", shape=shape) or [None]:
        if line is None or "seconds" not in line or copy is None:
            found = line.get("why", "no copy was measured") if line else "not measured"
            bars.append(bar(name, text, found, False if line and "verdict" in line else None))
            continue
        share = line["bytes"] / copy / line["seconds"]
        bars.append(bar(name, text, f"{share:.0%}", share >= wanted))
    bars += [grpo_bar(record, shape) for shape in GRPO_JUDGED]
    trained = of_kind(record, "train", shape="qwen2.5-7b")
    ran = bool(trained) and "seconds" in trained[0]
    found = f"{trained[0]['seconds']:.2f} s" if ran else \
        (trained[0].get("why", "") if trained else "not measured")
    bars.append(bar("7B full-parameter step fits and runs", "runs", found,
                    ran if trained else None))
    bars.append(scoring_bar(record))
    return bars


def grpo_bar(record, shape):
    most = GRPO[shape] * GRPO_WITHIN
    name, wanted = f"GRPO step, {shape}", f"<= {most:.1f} s"
    for line in of_kind(record, "grpo", shape=shape):
        if "seconds" not in line:
            return bar(name, wanted, line.get("why", ""), False)
        seconds, prompts = line["seconds"], line["prompts"]
        if prompts != GRPO_PROMPTS:
            return bar(name, wanted, f"{seconds:.1f} s with {prompts} prompts of 32", None)
        return bar(name, wanted, f"{seconds:.1f} s", seconds <= most)
    return bar(name, wanted, "not measured", None)


def scoring_bar(record):
    name, wanted = "scoring, 1.5B, 512 tokens", f">= {SCORING:.0f} x transformers"
    ours = [line for line in of_kind(record, "score", by="heedful") if "pairs_per_s" in line]
    theirs = [line for line in of_kind(record, "score", by="transformers")
              if "pairs_per_s" in line]
    if not ours:
        return bar(name, wanted, "not measured", None)
    if not theirs:
        return bar(name, wanted, f"{ours[0]['pairs_per_s']:.0f} pairs/s; no peer", None)
    times = ours[0]["pairs_per_s"] / theirs[0]["pairs_per_s"]
    return bar(name, wanted, f"{times:.2f} x", times >= SCORING)


def markdown(record):
    """The record as a page."""
    name = next(line["name"] for line in record["lines"] if line["kind"] == "card")
    page = [f"# Suite on {name}, {record['began'][:10]}", ""]
    if record["emulated"]:
        page += ["**Emulated**: the suite was run, no card was. Times mean nothing.", ""]
    told = record["machine"]
    commit = (told["commit"] or "unknown")[:12] + (", changed" if told["changed"] else "")
    peer = {line["torch"] for line in of_kind(record, "peer-version")}
    page += [f"Card: {told['card'] or name}. Commit {commit}. Began {record['began']}. "
             f"PyTorch: {', '.join(peer) or 'none'}.",
             "Medians; figures as `benchmarks/gpu/README.md` defines them.", ""]
    page += rows(["part", "ended", "s"], [[part["part"], part["ended"], f"{part['seconds']:.1f}"]
                                          for part in record["parts"]])
    page += ["## Bars", ""]
    page += rows(["bar", "wanted", "found", ""],
                 [[b["bar"], b["wanted"], b["found"], b["verdict"]] for b in record["judged"]])
    page += parity_page(record) + floors_page(record) + models_page(record)
    return "\n".join(page).rstrip() + "\n"


def rows(head, body):
    number = lambda at: all(re.fullmatch(r"[\d.,e+%-]*", row[at]) for row in body)
    numbers = [number(at) for at in range(len(head))]
    line = lambda cells: "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    rule = "|" + "|".join("---:" if number else "---" for number in numbers) + "|"
    return [line(head), rule, *[line(row) for row in body], ""] if body else []


def short(value):
    return f"{value:.2g}" if isinstance(value, (int, float)) else str(value)


def parity_page(record):
    """A line an op: its worst errors over all shapes, and what did not pass."""
    ops = {}
    for line in of_kind(record, "parity"):
        ops.setdefault((line["op"], line["type"]), []).append(line)
    body = []
    for (op, kind), lines in ops.items():
        seen = [line for line in lines if isinstance(line.get("error"), (int, float))]
        count = lambda verdict: sum(line["verdict"] == verdict for line in lines)
        worst = lambda key: short(max((line[key] for line in seen
                                       if isinstance(line[key], (int, float))), default="-"))
        bad = [f"{line['shape']}: {line.get('why', short(line.get('error', '')))}"
               for line in lines if line["verdict"] != "passed"]
        body.append([op, kind, f"{count('passed')} of {len(lines)}", worst("error"),
                     worst("worst"), "; ".join(dict.fromkeys(bad))[:300]])
    if not body:
        return []
    return ["## Beside the host", ""] + rows(
        ["op", "type", "passed", "error", "worst value", "what did not pass"], body)


def floors_page(record):
    copy, product = ceilings(record)
    page, body = [], []
    if copy and product and not record["emulated"]:
        page += [f"A copy moves {copy / 1e12:.2f} TB/s, bytes read and written; a product of 8192 "
                 f"cubed runs at {product / 1e12:.0f} TFLOP/s.", ""]
    peers = {(line["op"], line["shape"]): line for line in of_kind(record, "peer")
             if "seconds" in line}
    for line in of_kind(record, "floor"):
        if "seconds" not in line:
            body.append([line["op"], line["shape"], line["verdict"], "", "", "", ""])
            continue
        seconds = line["seconds"]
        rate = line.get("bytes", line.get("flops")) / seconds
        unit, ceiling = ("GB/s", copy) if "bytes" in line else ("TFLOP/s", product)
        share = f"{rate / ceiling:.0%}" if ceiling and not record["emulated"] else ""
        peer = peers.get((line["op"], line["shape"]))
        times = [f"{peer['seconds'] * 1e6:.1f}", f"{peer['seconds'] / seconds:.2f}"] if peer \
            else ["", ""]
        shown = rate / (1e9 if unit == "GB/s" else 1e12)
        body.append([line["op"], line["shape"], f"{seconds * 1e6:.1f}", f"{shown:.0f} {unit}",
                     share, *times])
    if body:
        page = ["## Ops", ""] + page + rows(
            ["op", "shape", "µs", "rate", "of the ceiling", "torch µs", "torch / ours"], body)
    skipped = [line for line in of_kind(record, "peer") if "seconds" not in line]
    page += [f"Peer: {line.get('op', 'all')}, {line.get('shape', 'all')}: {line['why']}"
             for line in skipped]
    return page + ([""] if skipped else [])


def models_page(record):
    page, body = [], []
    for line in of_kind(record, "decode"):
        body.append([line["shape"], "decode", f"{line['tokens_per_s']:.0f} tokens/s",
                     f"{line['seconds'] * 1e3:.2f} ms a step, {line['sequences']} sequences of "
                     f"{line['context']}; prompts {line['prefill_tokens_per_s']:.0f} tokens/s"]
                    if "seconds" in line else lost(line))
    for line in of_kind(record, "train"):
        body.append([line["shape"], "train", f"{line['tokens_per_s']:.0f} tokens/s",
                     f"{line['seconds']:.3f} s a step of {line['tokens']}"]
                    if "seconds" in line else lost(line))
    for line in of_kind(record, "grpo"):
        target = GRPO.get(line["shape"])
        aim = f"; target {target} s with 32 prompts" if target else ""
        body.append([line["shape"], "GRPO step", f"{line['seconds']:.2f} s",
                     f"{line['prompts']} x {line['samples']}, {line['prompt']} + "
                     f"{line['completion']} tokens; sampling {line['rollout_seconds']:.2f} s, "
                     f"update {line['update_seconds']:.2f} s{aim}"]
                    if "seconds" in line else lost(line))
    for line in of_kind(record, "score"):
        body.append([line["shape"], f"score, {line['by']}", f"{line['pairs_per_s']:.0f} pairs/s",
                     f"{line['sequences']} x {line['length']} tokens a batch"]
                    if "pairs_per_s" in line else lost(line))
    return ["## Models", ""] + rows(["shape", "what", "rate", "details"], body) if body else page


def lost(line):
    return [line["shape"], line["kind"], line.get("verdict", "-"), line.get("why", "")]
