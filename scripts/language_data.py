#!/usr/bin/env python3
"""Makes the data files in constraints/data from published figures; same input, same bytes.

    python3 scripts/language_data.py RESOURCES TABLES OUTPUT

RESOURCES holds punkt_tab_english/ and langdetect_profiles/ as NLTK and langdetect publish them
and, optionally, langdetect's messages.properties (else it is taken from an installed langdetect
1.0.9). TABLES is python_unicode_tables.json: code point ranges recorded from CPython 3.11.
OUTPUT is constraints/data. The layouts are described where they are read: python/chars.rs,
language/punkt_tables.rs and language/profiles.rs.
"""

import json
import pathlib
import struct
import sys

WORD, SPACE, DIGIT, UPPER, LOWER, TITLE, ALPHA, EMOJI = (1 << i for i in range(8))
BLOCK = 128


def characters(tables):
    """One byte of flags a code point, as an index of distinct blocks and then the blocks."""
    flags = bytearray(0x110000)
    for name, bit in [
        ("re_w", WORD),
        ("re_s", SPACE),
        ("re_d", DIGIT),
        ("char_isupper", UPPER),
        ("char_islower", LOWER),
        ("char_istitle", TITLE),
        ("isalpha", ALPHA),
        ("emoji_single_codepoints", EMOJI),
    ]:
        for first, last in tables[name]:
            for point in range(first, last + 1):
                flags[point] |= bit
    for point, flag in enumerate(flags):
        # Python's istitle of one character also holds for upper case: keep title case proper.
        if flag & UPPER:
            flags[point] = flag & ~TITLE
    blocks, index = {}, []
    for start in range(0, len(flags), BLOCK):
        block = bytes(flags[start : start + BLOCK])
        index.append(blocks.setdefault(block, len(blocks)))
    assert len(blocks) <= 256, len(blocks)
    return bytes(index) + b"".join(blocks)


def fnv(text):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for byte in text:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


ABBREVIATION, STARTER, FIRST, SECOND = 0x80, 0x100, 0x200, 0x400
BUCKETS = 8192


def punkt(folder):
    """What Punkt knows of each word type, as a hash table of chained entries."""
    lines = lambda name: (folder / name).read_text(encoding="utf-8").splitlines()
    flags = {}
    for line in lines("ortho_context.tab"):
        word, context = line.split("\t")
        flags[word] = int(context)
    pairs = sorted(tuple(line.split("\t")) for line in lines("collocations.tab"))
    groups = [
        (ABBREVIATION, lines("abbrev_types.txt")),
        (STARTER, lines("sent_starters.txt")),
        (FIRST, [pair[0] for pair in pairs]),
        (SECOND, [pair[1] for pair in pairs]),
    ]
    for bit, words in groups:
        for word in words:
            flags[word] = flags.get(word, 0) | bit
    buckets = [[] for _ in range(BUCKETS)]
    for word in sorted(flags):
        data = word.encode()
        buckets[fnv(data) % BUCKETS].append(struct.pack("<BH", len(data), flags[word]) + data)
    offsets, entries = [], b""
    for bucket in buckets:
        offsets.append(len(entries))
        entries += b"".join(bucket)
    offsets.append(len(entries))
    table = struct.pack(f"<{BUCKETS + 1}I", *offsets) + entries
    return table, "".join(f"{first}\t{second}\n" for first, second in pairs).encode()


def main():
    resources, tables, output = map(pathlib.Path, sys.argv[1:4])
    tables = json.loads(tables.read_text())
    files = {"characters.bin": characters(tables)}
    files["punkt.bin"], files["punkt_collocations.tab"] = punkt(resources / "punkt_tab_english")
    for name, data in files.items():
        (output / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
