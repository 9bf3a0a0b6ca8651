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


def main():
    resources, tables, output = map(pathlib.Path, sys.argv[1:4])
    tables = json.loads(tables.read_text())
    files = {"characters.bin": characters(tables)}
    for name, data in files.items():
        (output / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
