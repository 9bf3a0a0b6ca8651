#!/usr/bin/env python3
"""Greedy text of SmolLM2-135M-Instruct by transformers in f32, on the GGUF's dequantised weights.

    smollm2_greedy.py SmolLM2.gguf > tests/oracles/smollm2_greedy.json

Needs torch, transformers, gguf. Records the token ids of eight rendered prompts and of 64 greedy
tokens each, with their log-probabilities.
"""

import json
import os
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = [
    "Write a haiku about the sea.",
    "List three uses of a paperclip.",
    "Explain gravity to a child in two sentences.",
    "What is 12 times 7?",
    "Translate to French: the house is red.",
    "Give me a title for a story about a lost dog.",
    "Name the planets of the solar system.",
    "Describe the taste of coffee without the word bitter.",
]
SYSTEM = "You are a helpful assistant."
NEW = 64


def render(prompt):
    """ChatML, as the model was tuned."""
    turns = [("system", SYSTEM), ("user", prompt)]
    text = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns)
    return text + "<|im_start|>assistant\n"


def main():
    folder, name = os.path.split(os.path.abspath(sys.argv[1]))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    model.eval()
    cases = []
    for prompt in PROMPTS:
        text = render(prompt)
        ids = tokenizer(text, add_special_tokens=False).input_ids
        tokens = list(ids)
        logprobs, gaps, past, feed = [], [], None, torch.tensor([ids])
        with torch.no_grad():
            for _ in range(NEW):
                out = model(feed, past_key_values=past, use_cache=True)
                past, logits = out.past_key_values, out.logits[0, -1].double()
                best = torch.topk(logits, 2).values
                token = int(torch.argmax(logits))
                gaps.append(float(best[0] - best[1]))
                logprobs.append(round(float(torch.log_softmax(logits, -1)[token]), 6))
                tokens.append(token)
                feed = torch.tensor([[token]])
        answer = tokens[len(ids):]
        cases.append({"text": text, "prompt": ids, "tokens": answer, "logprobs": logprobs,
                      "least_gap": min(gaps)})
    record = {"torch": torch.__version__, "transformers": transformers.__version__,
              "cases": cases}
    json.dump(record, sys.stdout)
    print()


if __name__ == "__main__":
    main()
