#!/usr/bin/env python3
"""What transformers' logits processors leave of random logits, in the order of `generate`.

    warpers.py > tests/oracles/warpers.json

Needs torch and transformers. Each case: the logits, ids seen before, the settings, and for each
token its probability after all processors (0 where it was removed).
"""

import json
import random
import sys

import torch
import transformers
from transformers import generation as g

VOCAB = 40
SETTINGS = [
    {}, {"temperature": 0.6}, {"top_k": 5}, {"top_k": 1}, {"top_k": 40}, {"top_p": 0.9},
    {"top_p": 0.3}, {"top_p": 0.01}, {"min_p": 0.1}, {"min_p": 0.9}, {"repetition": 1.3},
    {"repetition": 0.8}, {"temperature": 1.7, "top_k": 12, "top_p": 0.7},
    {"temperature": 0.3, "top_p": 0.95, "min_p": 0.05},
    {"temperature": 0.9, "top_k": 20, "top_p": 0.8, "min_p": 0.2, "repetition": 1.2},
    {"top_k": 3, "min_p": 0.5, "repetition": 2.0},
]


def processors(settings):
    chain = g.LogitsProcessorList()
    if "repetition" in settings:
        chain.append(g.RepetitionPenaltyLogitsProcessor(settings["repetition"]))
    if "temperature" in settings:
        chain.append(g.TemperatureLogitsWarper(settings["temperature"]))
    if "top_k" in settings:
        chain.append(g.TopKLogitsWarper(settings["top_k"]))
    if "top_p" in settings:
        chain.append(g.TopPLogitsWarper(settings["top_p"]))
    if "min_p" in settings:
        chain.append(g.MinPLogitsWarper(settings["min_p"]))
    return chain


def main():
    random.seed(5)
    cases = []
    for settings in SETTINGS:
        # All logits differ, and the ends of top-k and top-p are not close calls.
        values = random.sample(range(-300, 300), VOCAB)
        logits = [value / 64 for value in values]
        seen = [random.randrange(VOCAB) for _ in range(12)]
        scores = processors(settings)(torch.tensor([seen]), torch.tensor([logits]))
        probabilities = [round(p, 7) for p in torch.softmax(scores[0].double(), -1).tolist()]
        cases.append({"logits": logits, "seen": seen, "settings": settings,
                      "probabilities": probabilities})
    json.dump({"transformers": transformers.__version__, "cases": cases}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
