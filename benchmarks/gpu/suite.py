#!/usr/bin/env python3
"""Runs the benches of a card and their peer, judges what they measured, and writes a record.

    suite.py --ops BENCH --models BENCH [--card N | --emulated] [--minutes 9.5]
             [--parts LIST] [--prompts 32] [--out FOLDER]

`suite.sh` builds the benches and calls this; README.md beside it says what figures mean. Every
figure of the record was measured in this run. What did not run is told as missing, what was cut off
by the time as cut off. Exit: 0, 1 where a check failed, 2 where nothing could be run.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time

import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The parts in their order, and the seconds that each may take at most. What bars depend on comes
# first, so that a slow machine loses comparisons and not checks.
PARTS = {
    "ops-parity": 120,
    "models-parity": 45,
    "ops-floors": 120,
    "models-decode": 100,
    "models-train": 80,
    "models-grpo": 150,
    "models-score": 40,
    "peer-score": 60,
    "peer-ops": 120,
}


def asked():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ops", required=True, help="the bench `card` of heedful-kernels")
    parser.add_argument("--models", required=True, help="the bench `card` of heedful-models")
    parser.add_argument("--card", type=int, default=0)
    parser.add_argument("--emulated", action="store_true", help="checks the suite itself")
    parser.add_argument("--minutes", type=float, default=9.5, help="after which nothing runs")
    parser.add_argument("--began", type=float, default=time.time(),
                        help="when the build did, in seconds since 1970")
    parser.add_argument("--parts", default=",".join(PARTS), help="divided by commas")
    parser.add_argument("--prompts", type=int, default=32, help="of a GRPO step; 32 are judged")
    parser.add_argument("--out", type=pathlib.Path, help="a folder; benchmarks/records if none")
    found = parser.parse_args()
    unknown = [part for part in found.parts.split(",") if part not in PARTS]
    if unknown:
        parser.error(f"--parts {','.join(unknown)}: there are {', '.join(PARTS)}")
    return found


def commands(with_):
    """What each part runs."""
    place = ["--emulated"] if with_.emulated else ["--card", str(with_.card)]
    ops = lambda part: [with_.ops, *place, "--only", part]
    models = lambda part: [with_.models, *place, "--only", part]
    peer = lambda part: [sys.executable, str(HERE / "torch_peer.py"), "--part", part,
                         "--card", str(with_.card)]
    return {
        "ops-parity": ops("parity"),
        "models-parity": models("parity"),
        "ops-floors": ops("floors"),
        "models-decode": models("decode"),
        "models-train": models("train"),
        "models-grpo": [*models("grpo"), "--prompts", str(with_.prompts)],
        "models-score": models("score"),
        "peer-score": peer("score"),
        "peer-ops": [*peer("ops"), "--seconds", str(PARTS["peer-ops"] - 20)],
    }


def run(part, command, seconds):
    """The lines of JSON that a command printed, and how it ended."""
    print(f"-- {part}", file=sys.stderr, flush=True)
    begin, lines, read = time.monotonic(), [], queue.Queue()
    try:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    except OSError as error:
        return [], {"part": part, "ended": f"could not be run: {error.strerror}", "seconds": 0.0}

    def listen():
        for line in child.stdout:
            read.put(line)
        read.put(None)

    threading.Thread(target=listen, daemon=True).start()
    ended = None
    while ended is None:
        try:
            line = read.get(timeout=max(0.01, begin + seconds - time.monotonic()))
        except queue.Empty:
            child.kill()
            ended = f"cut off after {seconds:.0f} s"
            break
        if line is None:
            code = child.wait()
            ended = "finished" if code == 0 else f"exit {code}"
        elif line.startswith("{"):
            lines.append(json.loads(line))
            print(report.brief(lines[-1]), file=sys.stderr, flush=True)
    took = time.monotonic() - begin
    print(f"-- {part}: {ended}, {took:.1f} s", file=sys.stderr, flush=True)
    return lines, {"part": part, "ended": ended, "seconds": took}


def output(*command):
    """What a command printed; nothing where there is none or it fails."""
    try:
        found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    except OSError:
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def machine(card):
    """What the card and the machine say of themselves."""
    query = "name,driver_version,memory.total,clocks.max.sm,clocks.max.memory,power.limit"
    smi = output("nvidia-smi", f"--id={card}", f"--query-gpu={query}", "--format=csv,noheader")
    dirty = output("git", "status", "--porcelain")
    return {
        "card": smi,
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "commit": output("git", "rev-parse", "HEAD"),
        "changed": None if dirty is None else bool(dirty),
        "python": platform.python_version(),
    }


def main():
    with_ = asked()
    started = datetime.datetime.now(datetime.UTC)
    end = time.monotonic() + with_.minutes * 60 - (time.time() - with_.began)
    wanted, lines, parts = with_.parts.split(","), [], []
    for part, command in commands(with_).items():
        if part not in wanted:
            continue
        left = end - time.monotonic()
        if with_.emulated and part.startswith("peer"):
            parts.append({"part": part, "ended": "not run: emulated", "seconds": 0.0})
        elif left < 5:
            parts.append({"part": part, "ended": "not run: no time was left", "seconds": 0.0})
        else:
            found, told = run(part, command, min(left, PARTS[part]))
            lines += [{"part": part, **line} for line in found]
            parts.append(told)
    if not any(line["kind"] == "card" for line in lines):
        sys.exit("error: no bench found a card")
    record = {
        "began": started.isoformat(timespec="seconds"),
        "emulated": with_.emulated,
        "asked": {"minutes": with_.minutes, "parts": wanted, "prompts": with_.prompts},
        "machine": machine(with_.card),
        "parts": parts,
        "lines": lines,
    }
    record["judged"] = report.judged(record)
    folder = with_.out or (ROOT / "benchmarks" / "records")
    if with_.emulated and not with_.out:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="emulated-"))
    folder.mkdir(parents=True, exist_ok=True)
    name = folder / f"{started.date().isoformat()}-gpu-{report.slug(record)}"
    name.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    text = report.markdown(record)
    name.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)
    print(f"written: {name}.md, {name}.json", file=sys.stderr)
    failed = [line for line in lines if line.get("verdict") == "FAILED"]
    broken = [part for part in parts if part["ended"].startswith(("exit", "could not"))]
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
