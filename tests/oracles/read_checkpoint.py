"""Reads folders that our writer made as others do: transformers, safetensors, tokenizers.

usage: read_checkpoint.py FOLDER...

Prints a JSON object a line: the class, labels, a sum of all weights, and logits of a few tokens.
Needs: torch, transformers, safetensors.
"""

import glob
import json
import os
import sys

import torch
import transformers
from safetensors import safe_open
from transformers import AutoConfig, AutoTokenizer, GenerationConfig

TEXT = "a b <think> \u00e9"


def stored(folder):
    """All tensors of the folder's files by name, and what the files say of themselves."""
    tensors = {}
    for name in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
        with safe_open(name, "pt") as file:
            assert file.metadata() == {"format": "pt"}, file.metadata()
            tensors |= {key: file.get_tensor(key) for key in file.keys()}
    index = os.path.join(folder, "model.safetensors.index.json")
    if os.path.exists(index):
        told = json.load(open(index, encoding="utf-8"))
        assert set(told["weight_map"]) == set(tensors)
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        assert told["metadata"]["total_size"] == size, (told["metadata"], size)
    return tensors


def read(folder):
    config = AutoConfig.from_pretrained(folder)
    (name,) = config.architectures
    model_class = getattr(transformers, name)
    options = {"dtype": torch.float32, "output_loading_info": True}
    model, info = model_class.from_pretrained(folder, **options)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not info[key], (key, info[key])
    tensors = stored(folder)
    state = model.state_dict()
    for key, tensor in tensors.items():
        assert torch.equal(state[key], tensor.float()), key
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits.double()
    row = {
        "class": name,
        "dtype": str(next(iter(tensors.values())).dtype),
        "labels": config.num_labels if "Classification" in name else None,
        "problem": config.problem_type,
        "pad": config.pad_token_id,
        "rope": config.rope_parameters,
        "ids": ids,
        "decoded": tokenizer.decode(ids),
        "special": [tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token],
        "chat": tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False),
        "logits": [round(value, 6) for value in logits.flatten()[:4].tolist()],
        "finite": bool(torch.isfinite(logits).all()),
    }
    if "CausalLM" in name:
        generation = GenerationConfig.from_pretrained(folder)
        row["sampling"] = [generation.temperature, generation.top_k, generation.eos_token_id]
    return row


def main():
    for folder in sys.argv[1:]:
        print(json.dumps(read(folder)))


main()
