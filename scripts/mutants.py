#!/usr/bin/env python3
"""Plants the faults of kernels/simt/mutants.toml in the kernels, one at a time, and tells whether
the tests find each.

    python3 scripts/mutants.py [--only TEXT] [--keep]

--only runs the rows whose class, file or tests contain TEXT; --keep leaves the patched sources and
their libraries below target/mutants. A row names a file below kernels/, a text that stands there
once, what to put in its place, and the tests that must then fail. A library of all kernels with
the fault in it is linked and handed to the tests, built once, by HEEDFUL_SIMT. Prints a row for
each fault and the share found of each class; exits 1 where one is not found, 2 where the tests
fail without a fault or a row does not fit.

It needs Linux, cargo, and GCC with libasan. Standard library only; Python 3.11.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = ROOT / "kernels"
SIMT = KERNELS / "simt"
TABLE = SIMT / "mutants.toml"
KEYS = {"class", "file", "before", "after", "tests", "units", "sanitizer"}
CHECKS = "-fsanitize=alignment,null,bounds,integer-divide-by-zero"
FLAGS = ["-std=c++17", "-O1", "-fPIC", "-w", "-ffp-contract=off", CHECKS]
LIMIT = 300  # seconds for the tests of a row


class Wrong(Exception):
    """What keeps the script from telling anything."""


def run(command, **options):
    """Runs a command; its output is part of the error."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Wrong(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def built():
    """The binary of the kernels' unit tests, and where build.rs of the emulator left its units."""
    environment = {name: value for name, value in os.environ.items() if name != "SIMT_FLAGS"}
    command = ["cargo", "test", "-p", "heedful-kernels", "--lib", "--no-run", "--message-format"]
    tests = units = None
    for line in run([*command, "json"], cwd=ROOT, env=environment).splitlines():
        message = json.loads(line)
        if message["reason"] == "build-script-executed" and "simt" in message["package_id"]:
            units = pathlib.Path(message["out_dir"])
        if message["reason"] == "compiler-artifact" and message.get("executable"):
            tests = message["executable"]
    if not tests or not units:
        raise Wrong("cargo names no test binary or no build of heedful-simt")
    return tests, units


def rows():
    """The rows of the table, each known to fit its file."""
    found = tomllib.loads(TABLE.read_text(encoding="utf-8"))["mutant"]
    for at, row in enumerate(found, 1):
        missing = {"class", "file", "before", "after", "tests"} - row.keys()
        if missing or row.keys() - KEYS:
            raise Wrong(f"row {at}: keys are {sorted(row)}")
        if not (KERNELS / row["file"]).is_file():
            raise Wrong(f"row {at}: there is no {row['file']}")
        count = (KERNELS / row["file"]).read_text(encoding="utf-8").count(row["before"])
        if count != 1 or row["before"] == row["after"]:
            raise Wrong(f"row {at}: {row['file']} has {count} of {row['before']!r}")
        row.setdefault("units", [pathlib.PurePath(row["file"]).stem])
        row.setdefault("sanitizer", "")
        row["line"] = 1 + (KERNELS / row["file"]).read_text().split(row["before"])[0].count("\n")
    return found


class Builder:
    """Libraries of all kernels with some of their units compiled from other sources."""

    def __init__(self, units, work):
        self.work, self.objects = work, {}
        self.texts = {path.stem: path.read_text() for path in units.glob("simt_tables*.cpp")}
        for name in ("launch", "checks"):
            self.texts[name] = f'#include "{SIMT}/{name}.cpp"\n'
        self.switch = work / "switch.o"
        run(["gcc", "-c", SIMT / "switch.S", "-o", self.switch])

    def compile(self, name, kernels, folder, sanitizer):
        text = self.texts[name].replace(f'#include "{KERNELS}/', f'#include "{kernels}/')
        unit, target = folder / f"{name}.cpp", folder / f"{name}.o"
        unit.write_text(text)
        flags = [*FLAGS, *([f"-fsanitize={sanitizer}", "-g1"] if sanitizer else [])]
        run(["g++", *flags, f"-I{kernels}", f"-I{SIMT}", "-c", unit, "-o", target])
        return target

    def base(self, sanitizer):
        """The objects of the kernels as they are, compiled once."""
        if sanitizer not in self.objects:
            folder = self.work / (sanitizer or "plain")
            folder.mkdir()
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                done = {
                    name: pool.submit(self.compile, name, KERNELS, folder, sanitizer)
                    for name in self.texts
                }
            self.objects[sanitizer] = {name: each.result() for name, each in done.items()}
        return self.objects[sanitizer]

    def link(self, objects, target, sanitizer):
        # The C library has an `advance` of its own, as old as regular expressions.
        flags = ["-Wl,-Bsymbolic", *([f"-fsanitize={sanitizer}"] if sanitizer else [])]
        run(["g++", "-shared", *flags, *objects.values(), self.switch, "-o", target])
        return target

    def sound(self, sanitizer):
        return self.link(self.base(sanitizer), self.work / f"sound{sanitizer}.so", sanitizer)

    def faulty(self, row, folder):
        """The kernels' sources with the row's fault, and a library of them."""
        kernels = folder / "kernels"
        for path in [*KERNELS.rglob("*.cu"), *KERNELS.rglob("*.cuh")]:
            if SIMT not in path.parents:
                to = kernels / path.relative_to(KERNELS)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)
        patched = kernels / row["file"]
        patched.write_text(patched.read_text().replace(row["before"], row["after"]))
        objects = dict(self.base(row["sanitizer"]))
        for unit in row["units"]:
            name = f"simt_tables_{unit}"
            objects[name] = self.compile(name, kernels, folder, row["sanitizer"])
        return self.link(objects, folder / "faulty.so", row["sanitizer"])


def outcome(tests, filters, library, sanitizer):
    """Whether the tests pass with a library, and what they say where they do not."""
    environment = {**os.environ, "HEEDFUL_SIMT": str(library), "RUST_BACKTRACE": "0"}
    if sanitizer:
        environment["LD_PRELOAD"] = run(["g++", "-print-file-name=libasan.so"]).strip()
        environment["ASAN_OPTIONS"] = "detect_leaks=0:detect_stack_use_after_return=0"
    try:
        done = subprocess.run(
            [tests, *filters], env=environment, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return False, f"no end in {LIMIT} s"
    said = done.stdout + done.stderr
    if done.returncode == 0:
        if not re.search(r"test result: ok\. [1-9]", said):
            raise Wrong(f"no test is named {' or '.join(filters)}")
        return True, "NOT FOUND"
    report = re.search(r"AddressSanitizer: [\w-]+|\(block \d+,\d+,\d+.*\)", said)
    if report:
        line = next(line for line in said.splitlines() if report.group() in line)
        return False, line.split("value: Device(")[-1].split("ERROR: ")[-1].strip(' ")')
    if "it was" in said and re.search(r"value \d+ is", said):
        return False, "other bits under another schedule"
    if done.returncode < 0:
        return False, f"signal {-done.returncode}"
    return False, "values off the reference"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    named = ("class", "file", "tests")
    chosen = [row for row in rows() if any(given.only in str(row[key]) for key in named)]
    if not chosen:
        raise Wrong(f"no row has {given.only!r}")
    tests, units = built()
    work = ROOT / "target" / "mutants" / str(os.getpid())
    work.mkdir(parents=True)
    try:
        return judge(chosen, tests, Builder(units, work), given.keep)
    finally:
        if not given.keep:
            shutil.rmtree(work)


def judge(chosen, tests, builder, keep):
    """Runs the rows and prints what became of them; the exit status."""
    for sanitizer in sorted({row["sanitizer"] for row in chosen}):
        same = [row for row in chosen if row["sanitizer"] == sanitizer]
        filters = sorted({name for row in same for name in row["tests"]})
        fine, said = outcome(tests, filters, builder.sound(sanitizer), sanitizer)
        if not fine:
            raise Wrong(f"the tests fail without a fault: {said}")
    shares = collections.defaultdict(list)
    for at, row in enumerate(chosen):
        begun = time.monotonic()
        folder = builder.work / str(at)
        folder.mkdir()
        library = builder.faulty(row, folder)
        missed, said = outcome(tests, row["tests"], library, row["sanitizer"])
        shares[row["class"]].append(not missed)
        place = f"{row['file']}:{row['line']}"
        print(f"{row['class']:24} {place:30} {time.monotonic() - begun:5.1f} s  {said}", flush=True)
        if not keep:
            shutil.rmtree(folder)
    print(f"\n{'class':24} found")
    for name, found in shares.items():
        print(f"{name:24} {sum(found)} of {len(found)}")
    every = [found for each in shares.values() for found in each]
    print(f"{'all':24} {sum(every)} of {len(every)} ({sum(every) / len(every):.0%})")
    return int(not all(every))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        sys.exit(2)
