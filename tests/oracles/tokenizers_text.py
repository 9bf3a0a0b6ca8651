"""Trains a tiny byte-level tokenizer of each kind and records what transformers makes of texts.

usage: tokenizers_text.py [SMOLLM2.gguf] > tests/oracles/recorded/tokenizers.json

Needs: transformers, tokenizers; gguf where SmolLM2's file is named, whose texts are then recorded
with its tokenizer as transformers makes it of that file.
"""

import json
import os
import sys
import tempfile

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all.",
    "Write three lines about the sea. It's late; they'll say we're done, won't they?",
    "In 2024 there were 12345 letters and 678 numbers, 3.14 among them.",
    "Größe, naïve café, Füße — “quoted” … 日本語のテキスト и немного русского.",
    "def f(x):\n    return x + 1\n\n\n# a comment\t\twith tabs  and   blanks\r\n",
]
TEXTS = CORPUS + [
    "",
    " ",
    "  two leading",
    "trailing  ",
    "a\n\n\nb \n c\r\n\r\nd",
    "I'M here, You'Ll see, it'S 1234567890 x9y",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
    "a<|endoftext|>b <|im_end|> c",
    "e\u0301 \u212b \ufb01 \u00a0nbsp \u2003em \u200bzero",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 flags \U0001f1e9\U0001f1ea",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 \u0627\u0644",
    "\u00b2\u00bd\u2167 \u0663\u0664 \u4e00\u4e8c",
    "<|im_star|> <| |> </s> <s>",
    "\x00\x01\x7f",
]
BEGIN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
END = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def split(digits):
    cut = pre_tokenizers.Split(Regex(BEGIN + digits + END), "isolated")
    return pre_tokenizers.Sequence(
        [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


def kinds():
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    return {
        "gpt-2": plain,
        "smollm": pre_tokenizers.Sequence([digits, plain]),
        "llama-bpe": split(r"\p{N}{1,3}"),
        "qwen2": split(r"\p{N}"),
    }


def train(kind, pre):
    inner = Tokenizer(models.BPE(ignore_merges=kind == "llama-bpe"))
    inner.pre_tokenizer = pre
    inner.decoder = decoders.ByteLevel()
    if kind == "qwen2":
        inner.normalizer = normalizers.NFC()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + 3 + 60, special_tokens=SPECIAL, initial_alphabet=sorted(alphabet)
    )
    inner.train_from_iterator(CORPUS, trainer)
    if kind == "llama-bpe":
        inner.post_processor = processors.TemplateProcessing(
            single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
        )
    return inner


def cases(tokenizer, texts=TEXTS):
    rows = []
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        special = tokenizer(text)["input_ids"]
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        back = tokenizer.decode(ids, **options)
        # Cut in the middle of characters, too: what a sampler may stop at.
        half = tokenizer.decode(ids[: len(ids) // 2], **options)
        row = {"text": text, "ids": ids, "back": back, "half": half}
        rows.append(row | ({"special": special} if special != ids else {}))
    return rows


def main():
    recorded = {}
    for kind, pre in kinds().items():
        inner = train(kind, pre)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tokenizer.json")
            inner.save(path)
            with open(path, encoding="utf-8") as file:
                written = json.load(file)
        vocab = written["model"]["vocab"]
        recorded[kind] = {
            "tokens": sorted(vocab, key=vocab.get),
            "merges": [" ".join(pair) for pair in written["model"]["merges"]],
            "special": SPECIAL,
            "cases": cases(PreTrainedTokenizerFast(tokenizer_object=inner)),
        }
    if sys.argv[1:]:
        folder, name = os.path.split(os.path.abspath(sys.argv[1]))
        smollm2 = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        # Of a GGUF file transformers makes a tokenizer that does not cut digits apart, as SmolLM2's
        # own does. Its merges have no digits but those beyond ASCII, whose lead bytes they share.
        foreign = [t for t in TEXTS if any(c.isnumeric() and not c.isascii() for c in t)]
        rest = [text for text in TEXTS if text not in foreign]
        recorded["smollm2"] = {"cases": cases(smollm2, rest)}
    json.dump(recorded, sys.stdout, ensure_ascii=True, separators=(",", ":"))
    print()


main()
