#!/usr/bin/env python3
"""Writes the tree in README.md from the first sentence of every module; same tree, same bytes.

    python3 scripts/tree.py [--check]

--check writes nothing and exits 1 where the block is not current. `cargo test` checks it as well
(tests/tidy/readme.rs). Standard library only.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- tree: written by scripts/tree.py -->", "<!-- end of tree -->"
PASSED_OVER = {"target", "out", "node_modules", "__pycache__"}
WIDTH, COLUMN = 118, 30
# What has no first sentence of its own: folders of data, and single files.
NOTES = {
    ".ci/run": "All checks, with the time that each takes",
    "benchmarks/statistics/expected/": "Expected values for the statistics' tests",
    "constraints/data/": "Embedded figures and word lists; see NOTICE",
    "constraints/soft/": "The 25 types of soft constraints, one file each",
    "datasets/seeds/": "Seed instructions by task kind, in JSON Lines",
    "presets/": "Settings of `heedful train policy` by name",
    "recipes/": "Recipes to build by",
}


def opening(path):
    """The first sentence of a Rust or Python file's own documentation; None without one."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        found = re.search(r'^(?:#[^\n]*\n)*"""(.+?)(?:\n\n|""")', text, re.DOTALL)
        said = found.group(1) if found else ""
    else:
        lines = []
        for line in text.splitlines():
            if not line.startswith("//! "):
                break
            lines.append(line[4:].strip())
        said = " ".join(lines)
    said = re.split(r"(?<=[.!?])\s", " ".join(said.split()))[0]
    return said.rstrip(".") or None


def cut(text, width):
    """Cuts at a blank, and shows that it did."""
    if len(text) <= width:
        return text
    return text[: width - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def row(level, name, said):
    head = f"{'  ' * level}{name}"
    if not said:
        return head
    head = head.ljust(COLUMN) if len(head) < COLUMN else head + " "
    return head + cut(said, WIDTH - len(head))


def rows(folder, level=0):
    """The rows of a folder: modules first by name, each followed by the folder of its parts."""
    entries = sorted(folder.iterdir(), key=lambda path: (path.stem, path.is_dir(), path.name))
    out = []
    for path in entries:
        name = path.relative_to(ROOT).as_posix() + ("/" if path.is_dir() else "")
        if path.is_symlink() or path.name in PASSED_OVER:
            continue
        if path.is_dir() and (not path.name.startswith(".") or path.name == ".ci"):
            inner = rows(path, level + 1)
            if inner or name in NOTES:
                out += [row(level, path.name + "/", NOTES.get(name)), *inner]
        elif name in NOTES:
            out.append(row(level, path.name, NOTES[name]))
        elif path.is_file() and path.suffix in {".rs", ".py"}:
            said = opening(path)
            if said:
                out.append(row(level, path.name, said))
    return out


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print(f"README.md: needs one `{BEGIN}` and one `{END}`", file=sys.stderr)
        return 2
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    block = "\n".join(rows(ROOT))
    new = f"{head}{BEGIN}\n```text\n{block}\n```\n{END}{tail}"
    if sys.argv[1:] == ["--check"]:
        if new != text:
            print("README.md: the tree is not current; run scripts/tree.py", file=sys.stderr)
        return int(new != text)
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
