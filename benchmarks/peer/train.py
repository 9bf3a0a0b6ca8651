"""Training steps of SmolLM2-135M's shape: ours and transformers with PyTorch, turn by turn.

usage: train.py BENCH [--threads N] [--sequences B] [--length T] [--micro N] [--steps N]

BENCH is the binary that `cargo bench -p heedful-models --bench train --no-run` names. Weights and
tokens follow from the same counters in both, so the losses must agree; medians of wall time, tokens
a second, tokens a CPU-second of all threads, and peaks of memory are printed as a table. Needs:
torch, transformers, numpy.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

# This folder has a `statistics.py`, which is not the standard library's that others import.
sys.path.pop(0)

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

LAYERS = 30
VOCAB = 49152
SEED = 1
MASK = 2**64 - 1


def bits(seed, count, first=0):
    """splitmix64 of a counter."""
    with np.errstate(over="ignore"):
        steps = np.arange(first + 1, first + count + 1, dtype=np.uint64)
        z = np.uint64(seed) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def named(name):
    """FNV-1a of a name: the seed of its counter."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    return seed


def weights(name, shape):
    """As `params::random` draws them."""
    if name.endswith("norm.weight"):
        return torch.ones(shape)
    residual = name.endswith(("o_proj.weight", "down_proj.weight"))
    deviation = 0.02 / (2 * LAYERS) ** 0.5 if residual else 0.02
    seed = int(bits(named(name), 1, SEED)[0])
    z = bits(seed, int(np.prod(shape))) >> np.uint64(40)
    u = z.astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    return torch.from_numpy((u * np.float32(deviation * 3**0.5)).reshape(shape))


class Torch:
    """transformers and PyTorch in this process."""

    def __init__(self, options):
        torch.set_num_threads(options.threads)
        config = AutoConfig.for_model(
            "llama",
            vocab_size=VOCAB,
            hidden_size=576,
            num_hidden_layers=LAYERS,
            num_attention_heads=9,
            num_key_value_heads=3,
            intermediate_size=1536,
            rms_norm_eps=1e-5,
            rope_theta=100000.0,
            max_position_embeddings=8192,
            tie_word_embeddings=True,
        )
        self.model = AutoModelForCausalLM.from_config(config).float().train()
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights(name, tuple(parameter.shape)))
        shape = (options.sequences, options.length)
        ids = bits(named("ids"), options.sequences * options.length) % np.uint64(VOCAB)
        self.ids = torch.from_numpy(ids.astype(np.int64)).reshape(shape)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=0.01)

    def step(self):
        """Loss, wall and CPU seconds of a step."""
        began, cpu = time.perf_counter(), time.process_time()
        loss = self.model(input_ids=self.ids, labels=self.ids).loss
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        return {"loss": loss.item(), "wall": wall, "cpu": cpu}

    def peak(self):
        """Peak of resident memory in MiB."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class Ours:
    """Our bench in a process of its own."""

    def __init__(self, options):
        numbers = [options.threads, options.sequences, options.length, options.micro]
        command = [options.bench, *map(str, numbers), "--serve"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        assert "ready" in json.loads(self.process.stdout.readline())

    def step(self):
        """Loss, wall and CPU seconds of a step."""
        self.process.stdin.write("\n")
        return json.loads(self.process.stdout.readline())

    def peak(self):
        """Peak of resident memory in MiB."""
        self.process.stdin.close()
        return json.loads(self.process.stdout.readline())["peak_mib"]


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    for name, value in [("threads", 2), ("sequences", 8), ("length", 256), ("micro", 1024)]:
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--steps", type=int, default=3)
    options = parser.parse_args()
    ours, peer = Ours(options), Torch(options)
    rows = {"heedful": [], "PyTorch": []}
    for step in range(options.steps + 1):
        mine, its = ours.step(), peer.step()
        gap = abs(mine["loss"] / its["loss"] - 1)
        assert gap < 1e-4, f"step {step}: losses {mine['loss']} and {its['loss']}"
        # The first step makes the moments and warms up.
        if step > 0:
            rows["heedful"].append(mine)
            rows["PyTorch"].append(its)
    peaks = {"heedful": ours.peak(), "PyTorch": peer.peak()}
    tokens = options.sequences * options.length
    print("| | s a step | tokens/s | tokens/CPU-s | peak MiB |\n|---|---:|---:|---:|---:|")
    for name, steps in rows.items():
        wall = np.median([row["wall"] for row in steps])
        cpu = np.median([row["cpu"] for row in steps])
        figures = f"{wall:.2f} | {tokens / wall:.0f} | {tokens / cpu:.0f} | {peaks[name]}"
        print(f"| {name} | {figures} |")


main()
