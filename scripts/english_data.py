#!/usr/bin/env python3
"""Makes tagger.bin and syllables.txt in constraints/data; same input, same bytes.

    python3 scripts/english_data.py RESOURCES OUTPUT

RESOURCES holds averaged_perceptron_tagger_eng/ as NLTK 3.9 reads it (three JSON files) and
syllapy_0.8.0_data.csv, the table of syllapy. OUTPUT is constraints/data. The layouts are described
where they are read: language/tagger_table.rs and language/syllables.rs.
"""

import csv
import json
import pathlib
import string
import struct
import sys

# The kinds of features that one string can be in; those of tags and the bias have keys of their
# own, which begin with a space.
KINDS = {
    "i word": 0,
    "i-1 word": 1,
    "i-2 word": 2,
    "i+1 word": 3,
    "i+2 word": 4,
    "i suffix": 5,
    "i-1 suffix": 6,
    "i+1 suffix": 7,
    "i pref1": 8,
    "i-1 tag": 0,
    "i-2 tag": 1,
    "bias": 0,
}
PAIRS = {"i-1 tag+i word": "", "i tag+i-2 tag": " "}
TAGDICT = 1 << 9
BUCKETS = 1 << 13
# From so many labels on, a bit for every label is shorter than a number for each that is there.
MANY = 8


class Bits:
    """Numbers written bit by bit, the lowest first."""

    def __init__(self):
        self.value = self.length = 0

    def write(self, number, width):
        self.value |= (number & ((1 << width) - 1)) << self.length
        self.length += width

    def bytes(self):
        return self.value.to_bytes((self.length + 7) // 8, "little")


def thousandths(weight):
    number = round(weight * 1000)
    assert number and number / 1000 == weight, weight
    return number


def write_row(bits, row, classes):
    """How many labels, whether the weights sum to 0 (then the last one is left out), how wide the
    weights are; the labels; the weights."""
    row = [(thousandths(weight), classes.index(label)) for label, weight in row.items()]
    if len(row) < MANY:
        # The largest weight is the one that may be left out.
        row.sort(key=lambda pair: (abs(pair[0]), pair[1]))
    else:
        row.sort(key=lambda pair: pair[1])
    closed = sum(weight for weight, _ in row) == 0
    written = [weight for weight, _ in row][: len(row) - closed]
    width = max(2, *(max(weight, ~weight).bit_length() + 1 for weight in written + [0]))
    assert width - 2 < 16 and len(row) < 64
    bits.write(len(row), 6)
    bits.write(closed, 1)
    bits.write(width - 2, 4)
    if len(row) < MANY:
        for _, label in row:
            bits.write(label, 6)
    else:
        bits.write(sum(1 << label for _, label in row), len(classes))
    for weight in written:
        bits.write(weight, width)


def tagger(folder):
    """All weights and the tag dictionary, hashed by string."""
    weights, tagdict, classes = (
        json.loads((folder / f"{folder.name}.{part}.json").read_text(encoding="utf-8"))
        for part in ("weights", "tagdict", "classes")
    )
    classes.sort()
    tags = classes + ["-START-", "-START2-"]
    assert len(classes) == 45 and all(weight for weight in tagdict.values())
    kinds, pairs = {}, {}
    for feature, row in weights.items():
        name = max((n for n in [*KINDS, *PAIRS] if f"{feature} ".startswith(n + " ")), key=len)
        text = feature[len(name) + 1 :]
        if not row:
            continue
        if name in PAIRS:
            tag, text = text.split(" ")
            key = PAIRS[name] + text
            pairs.setdefault(key, []).append((tags.index(tag), row))
        else:
            key = " " + text if name in ("bias", "i-1 tag", "i-2 tag") else text
            kinds.setdefault(key, []).append((KINDS[name], row))
    buckets = [[] for _ in range(BUCKETS)]
    for key in sorted({*kinds, *pairs, *tagdict}):
        before, after = sorted(pairs.get(key, []), key=lambda p: p[0]), kinds.get(key, [])
        after.sort(key=lambda pair: pair[0])
        head = sum(1 << kind for kind, _ in after) | len(before) << 10
        bits = Bits()
        if key in tagdict:
            head |= TAGDICT
            bits.write(classes.index(tagdict[key]), 8)
        for tag, _ in before:
            bits.write(tag, 6)
        for _, row in after + before:
            write_row(bits, row, classes)
        body = struct.pack("<H", head) + bits.bytes()
        size = len(body)
        size = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
        text = key.encode()
        buckets[fnv(text) % BUCKETS].append(bytes([len(text)]) + size + text + body)
    offsets, at = [], 0
    for bucket in buckets + [[]]:
        offsets.append(at.to_bytes(3, "little"))
        at += sum(map(len, bucket))
    entries = b"".join(b"".join(bucket) for bucket in buckets)
    # Eight bytes can be read at every place.
    return b"".join(offsets) + entries + bytes(8)


def fnv(text):
    value = 0x811C9DC5
    for byte in text:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def by_rule(word):
    """The syllables that syllapy counts in a word that is not in its table."""
    vowels = [letter in "aeiouy" for letter in word]
    starts = sum(now and not before for before, now in zip([False] + vowels, vowels))
    silent = word.endswith("e")
    sounded = len(word) > 2 and word.endswith("le") and not vowels[-3]
    return starts - silent + sounded or 1


def syllables(file):
    """The words of the table for which the rule says something else, by what the table says."""
    with open(file, newline="", encoding="utf-8") as rows:
        table = {word: int(count) for word, count in csv.reader(rows)}
    lines = {}
    for word, count in sorted(table.items()):
        # What has a digit, or a mark at an end, is never looked up.
        asked = word == word.strip(string.punctuation) and not any(c.isdecimal() for c in word)
        if asked and by_rule(word) != count:
            assert word.isascii() and word == word.lower()
            lines.setdefault(count, []).append(word)
    text = "".join(f"{count} {' '.join(words)}\n" for count, words in sorted(lines.items()))
    return text.encode()


def main():
    resources, output = map(pathlib.Path, sys.argv[1:3])
    files = {
        "tagger.bin": tagger(resources / "averaged_perceptron_tagger_eng"),
        "syllables.txt": syllables(resources / "syllapy_0.8.0_data.csv"),
    }
    for name, data in files.items():
        (output / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
