#!/usr/bin/env python3
"""Makes the data files in constraints/data from published figures; same input, same bytes.

    python3 scripts/language_data.py RESOURCES TABLES OUTPUT

RESOURCES holds punkt_tab_english/, langdetect_profiles/ and stopwords_english.txt as NLTK and
langdetect publish them and, optionally, langdetect's messages.properties (else it is taken from an
installed langdetect 1.0.9). TABLES is python_unicode_tables.json: code point ranges recorded from
CPython 3.11. OUTPUT is constraints/data. The layouts are described where they are read:
python/chars.rs, language/punkt_tables.rs, language/profiles.rs and rules/ifbench/stop_words.rs.
"""

import importlib.util
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


# The order in which the recorded reference loaded its profiles: sums and ties depend on it.
LANGUAGES = """
pl gu zh-tw fi af ne ro da hr de pa en fa ca so ja ko es cs ru vi uk bn fr kn hu te lv sk
sl el id it bg ta he sq hi th tr ml mk pt tl mr sv et nl sw cy no ur lt ar zh-cn
""".split()
GRAM_BUCKETS = 1 << 15
GRAM_BITS = 64 + 64**2 + 64**3
# N-grams in so many profiles are common.
COMMON = 16
SPACE_ID = 1


def messages(resources):
    """langdetect's character classes, from its messages.properties."""
    path = resources / "messages.properties"
    if not path.exists():
        package = pathlib.Path(importlib.util.find_spec("langdetect").origin).parent
        path = package / "utils" / "messages.properties"
    pairs = (line.strip().partition("=") for line in path.read_text().splitlines())
    return {key: value.encode().decode("unicode_escape") for key, _, value in pairs}


def normalizer(texts):
    """langdetect's normalisation of one character, as a function."""
    ideographs = {}
    for key, characters in texts.items():
        if key.startswith("NGram.KANJI_"):
            for c in characters:
                ideographs[c] = characters[0]

    def normalize(c):
        point = ord(c)
        if point < 0x80:
            return c if c.isalpha() else " "
        if point < 0x100:
            return " " if c in texts["NGram.LATIN1_EXCLUDE"] else c
        if 0x4E00 <= point <= 0x9FFF:
            return ideographs.get(c, c)
        one = {0x219: "\u015f", 0x21B: "\u0163", 0x6CC: "\u064a"}
        for first, last, to in [
            (0x1EA0, 0x1EFF, "\u1ec3"),
            (0x2000, 0x206F, " "),
            (0x3040, 0x309F, "\u3042"),
            (0x30A0, 0x30FF, "\u30a2"),
            (0x3100, 0x312F, "\u3105"),
            (0x31A0, 0x31BF, "\u3105"),
            (0xAC00, 0xD7AF, "\uac00"),
        ]:
            if first <= point <= last:
                return to
        return one.get(point, c)

    return normalize


def profiles(folder):
    """The n-gram counts of every language, in order, and the totals by length."""
    grams, totals = {}, []
    for number, language in enumerate(LANGUAGES):
        profile = json.loads((folder / language).read_text(encoding="utf-8"))
        assert profile["name"] == language
        totals += profile["n_words"]
        for gram, count in profile["freq"].items():
            if 1 <= len(gram) <= 3:
                grams.setdefault(gram, []).append((number, count))
    return grams, totals


def character_ids(grams):
    """A number for every character of the n-grams: space, A-Z and a-z, then by frequency."""
    letters = [chr(c) for c in range(65, 91)] + [chr(c) for c in range(97, 123)]
    ids = {c: number for number, c in enumerate([" "] + letters, SPACE_ID)}
    weights = {}
    for gram, counts in grams.items():
        for c in gram:
            weights[c] = weights.get(c, 0) + len(counts)
    for c in sorted(weights, key=lambda c: (-weights[c], c)):
        ids.setdefault(c, len(ids) + SPACE_ID)
    assert len(ids) < 1 << 13 and all(ord(c) < 0x10000 for c in ids)
    return ids


def language_characters(ids, normalize, upper):
    """Number and case of every character of the basic plane, normalised, in blocks of 256."""
    blocks, index = {}, []
    for start in range(0, 0x10000, 256):
        values = []
        for point in range(start, start + 256):
            c = normalize(chr(point))
            values.append(ids.get(c, 0) | (0x8000 if ord(c) in upper else 0))
        block = struct.pack("<256H", *values)
        index.append(blocks.setdefault(block, len(blocks)))
    return bytes(index) + b"".join(blocks)


def language_grams(grams, totals, ids):
    """Totals, bits of n-grams of the first 63 characters, and all counts, hashed."""
    known, common = bytearray(GRAM_BITS // 8), bytearray(GRAM_BITS // 8)
    buckets = [[] for _ in range(GRAM_BUCKETS)]
    for gram in sorted(grams):
        key = small = 0
        for c in gram:
            key = key << 13 | ids[c]
            small = small << 6 | (ids[c] & 63)
        if all(ids[c] < 64 for c in gram):
            small += (0, 64, 64 + 64**2)[len(gram) - 1]
            known[small >> 3] |= 1 << (small & 7)
            if len(grams[gram]) >= COMMON:
                common[small >> 3] |= 1 << (small & 7)
        counts = b""
        for number, count in grams[gram]:
            width = max(1, (count.bit_length() + 7) // 8)
            counts += bytes([number << 2 | width - 1]) + count.to_bytes(width, "little")
        mixed = key * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        entry = key.to_bytes(5, "little") + bytes([len(counts)]) + counts
        buckets[mixed >> 49].append(entry)
    offsets, entries = [], b"".join(b"".join(bucket) for bucket in buckets)
    at = 0
    for bucket in buckets:
        offsets.append(at)
        at += sum(map(len, bucket))
    offsets.append(at)
    # How many common n-grams there are before each 64.
    before, ranks = 0, []
    for at in range(0, len(common), 8):
        ranks.append(before)
        before += int.from_bytes(common[at : at + 8], "little").bit_count()
    print(f"{before} common n-grams")
    return b"".join(
        [struct.pack(f"<{len(totals)}I", *totals), known, common]
        + [struct.pack(f"<{len(ranks)}H", *ranks)]
        + [struct.pack(f"<{len(offsets)}I", *offsets), entries]
    )


def main():
    resources, tables, output = map(pathlib.Path, sys.argv[1:4])
    tables = json.loads(tables.read_text())
    files = {"characters.bin": characters(tables)}
    files["punkt.bin"], files["punkt_collocations.tab"] = punkt(resources / "punkt_tab_english")
    grams, totals = profiles(resources / "langdetect_profiles")
    ids = character_ids(grams)
    upper = {p for first, last in tables["char_isupper"] for p in range(first, last + 1)}
    normalize = normalizer(messages(resources))
    files["language_characters.bin"] = language_characters(ids, normalize, upper)
    files["language_grams.bin"] = language_grams(grams, totals, ids)
    stop_words = (resources / "stopwords_english.txt").read_text(encoding="utf-8").split()
    files["stop_words.txt"] = (" ".join(sorted(stop_words)) + "\n").encode()
    for name, data in files.items():
        (output / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
