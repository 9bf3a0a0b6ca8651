"""Records what transformers reads from a GGUF file: a few values of each tensor.

usage: gguf_weights.py SMOLLM2.gguf > tests/oracles/recorded/smollm2_weights.json

Needs: transformers, torch, gguf. Rows of queries and keys are in Hugging Face's order there.
"""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM


def main():
    folder, name = os.path.split(os.path.abspath(sys.argv[1]))
    options = {"gguf_file": name, "dtype": torch.float32}
    model = AutoModelForCausalLM.from_pretrained(folder, **options)
    rows = {}
    for name, tensor in model.state_dict().items():
        flat = tensor.reshape(-1)
        places = [0, 1 % len(flat), len(flat) // 3, len(flat) // 2 + 7, len(flat) - 1]
        rows[name] = {
            "shape": list(tensor.shape),
            "places": places,
            "values": [flat[at].item() for at in places],
            "sum": round(flat.double().abs().sum().item(), 6),
        }
    print("{")
    print(",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items()))
    print("}")


main()
