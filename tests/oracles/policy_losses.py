#!/usr/bin/env python3
"""Losses of policy gradients over random log-probabilities, and their slopes by PyTorch's autograd.

    policy_losses.py > tests/oracles/policy_losses.json

Needs torch. Each case: the objective's settings, the loss in double precision, its derivative by
the log-probability and by the entropy of each token. The samples are shared by all cases: of each
its advantage, and per token the present log-probability, the old one, the reference's, the entropy.
"""

import itertools
import json
import random
import sys

import torch


def samples():
    made = []
    for length, advantage in [(5, 1.25), (9, -0.75), (1, 0.5), (14, -1.5), (3, 0.0), (7, 2.0)]:
        # Rounded to 1/256, so that f32 holds them: ratios spread from 0.5 to 2.
        near = [round(random.uniform(-4, -0.25) * 256) / 256 for _ in range(length)]
        moved = [[round((v + random.gauss(0, 0.3)) * 256) / 256 for v in near] for _ in range(2)]
        entropy = [round(random.uniform(0, 3) * 256) / 256 for _ in range(length)]
        made.append({"advantage": advantage, "logp": near, "old": moved[0],
                     "reference": moved[1], "entropy": entropy})
    return made


def loss_of(given, settings, logps, entropies):
    """As the papers write it, a response at a time."""
    parts, lengths = [], []
    for sample, logp, entropy in zip(given, logps, entropies):
        old = torch.tensor(sample["old"], dtype=torch.float64)
        reference = torch.tensor(sample["reference"], dtype=torch.float64)
        if settings["ratio"] == "token":
            ratio = torch.exp(logp - old)
        else:
            ratio = torch.exp((logp - old).mean()).expand(len(old))
        clipped = torch.clamp(ratio, 1 - settings["low"], 1 + settings["high"])
        a = sample["advantage"]
        surrogate = -torch.minimum(ratio * a, clipped * a)
        k3 = torch.exp(reference - logp) - (reference - logp) - 1
        token = surrogate + settings["penalty"] * k3 - settings["bonus"] * entropy
        parts.append(token)
        lengths.append(len(old))
    if settings["average"] == "sequences":
        return torch.stack([part.mean() for part in parts]).mean()
    if settings["average"] == "tokens":
        return torch.cat(parts).mean()
    return torch.cat(parts).sum() / (len(parts) * settings["constant"])


def main():
    random.seed(3)
    given = samples()
    cases = []
    kinds = itertools.product(["token", "sequence"], ["sequences", "tokens", "constant"],
                              [(0.25, 0.25), (0.25, 0.5)], [(0.0, 0.0), (0.0625, 0.125)])
    for ratio, average, (low, high), (penalty, bonus) in kinds:
        settings = {"ratio": ratio, "average": average, "constant": 16, "low": low, "high": high,
                    "penalty": penalty, "bonus": bonus}
        wide = {"dtype": torch.float64, "requires_grad": True}
        logps = [torch.tensor(sample["logp"], **wide) for sample in given]
        entropies = [torch.tensor(sample["entropy"], **wide) for sample in given]
        loss = loss_of(given, settings, logps, entropies)
        loss.backward()
        slopes = [[float(f"{v:.9g}") for v in logp.grad.tolist()] for logp in logps]
        cases.append({"settings": settings, "loss": loss.item(), "dlogp": sum(slopes, []),
                      "dentropy": sum([e.grad.tolist() for e in entropies], [])})
    json.dump({"torch": torch.__version__, "samples": given, "cases": cases}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
