"""Records what transformers and PyTorch make of tiny random models, as JSON.

usage: make_tiny_models.py OUT.json

No weight is written: a tensor's values follow from its name by a counter generator, which
`models/parity_tests.rs` has too. Needs: torch, transformers, numpy. All in float32, one thread.
"""

import json
import sys

import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers import get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup
from transformers import get_linear_schedule_with_warmup

LENGTHS = [9, 5, 14]
PROJECTIONS = 6
STEPS = 10
WARMUP = 2
RATE = 1e-2

COMMON = {
    "vocab_size": 61,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 60,
}

MODELS = {
    "llama-tied": {"model_type": "llama", "tie_word_embeddings": True, "rope_theta": 10000.0},
    "llama-untied": {
        "model_type": "llama",
        "tie_word_embeddings": False,
        "rope_theta": 500.0,
        "num_key_value_heads": 1,
    },
    "llama3-rope": {
        "model_type": "llama",
        "tie_word_embeddings": False,
        "head_dim": 16,
        "rope_theta": 10000.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    },
    "qwen2": {"model_type": "qwen2", "tie_word_embeddings": True, "rope_theta": 1000000.0},
    "qwen3": {
        "model_type": "qwen3",
        "tie_word_embeddings": True,
        "head_dim": 16,
        "rope_theta": 1000000.0,
        "rms_norm_eps": 1e-6,
    },
}


def uniform(name, count):
    """float32 in [-1, 1): splitmix64 of a counter, seeded by FNV-1a of the name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        steps = np.arange(1, count + 1, dtype=np.uint64)
        z = np.uint64(seed) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def weights(name, shape):
    """Values of a parameter: norms about 1, biases about 0, matrices that keep the variance."""
    u = uniform(name, int(np.prod(shape)))
    if name.endswith("norm.weight"):
        u = np.float32(1) + np.float32(0.5) * u
    elif name.endswith("bias"):
        u = np.float32(0.5) * u
    elif "proj" in name:
        u = u * np.float32(1.2 * np.sqrt(3.0 / shape[-1]))
    return torch.from_numpy(u.reshape(shape).copy())


def fill(model):
    """Sets every parameter of a model by its name."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights(name, tuple(parameter.shape)))
    return model


def sequences():
    """Token ids, each below the padding token."""
    ids = np.floor((uniform("ids", sum(LENGTHS)) + 1) * 30).astype(np.int64)
    return torch.from_numpy(ids).split(LENGTHS)


def token_weights():
    """What each token's prediction of the next one counts; a sequence's last predicts nothing."""
    parts = []
    for part in torch.from_numpy(uniform("weights", sum(LENGTHS))).split(LENGTHS):
        part = torch.where(part < -0.3, torch.zeros(()), part.abs())
        part[-1] = 0
        parts.append(part)
    return parts


def figures(values):
    """Floats for JSON, to float32's precision."""
    return [float(f"{v:.8g}") for v in torch.as_tensor(values).detach().double().flatten().tolist()]


def gradients(model):
    """Of each parameter's gradient: its norm, then its sums under random signs."""
    recorded = {}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad.double().numpy().ravel()
        sums = [float(np.linalg.norm(gradient))]
        for at in range(PROJECTIONS):
            signs = np.where(uniform(f"{at}/{name}", gradient.size) < 0, -1.0, 1.0)
            sums.append(float(signs @ gradient))
        recorded[name] = figures(sums)
    model.zero_grad(set_to_none=True)
    return recorded


def logits(model):
    """Of every token, each sequence by itself."""
    return [model(input_ids=ids[None]).logits[0] for ids in sequences()]


def predictions(outputs):
    """Log-probability of the next token and entropy, at every token but the last ones."""
    taken, entropies = [], []
    for ids, output in zip(sequences(), outputs):
        logp = output.log_softmax(-1)
        taken.append(logp[:-1].gather(-1, ids[1:, None])[:, 0])
        entropies.append(-(logp.exp() * logp).sum(-1)[:-1])
    return torch.cat(taken), torch.cat(entropies)


def loss(model):
    """Cross-entropy, weighted by token."""
    weight = torch.cat([part[:-1] for part in token_weights()])
    taken, _ = predictions(logits(model))
    return -(weight * taken).sum() / weight.sum()


def outside(model):
    """A loss given by its slopes with respect to log-probabilities and entropies."""
    taken, entropies = predictions(logits(model))
    a = torch.from_numpy(uniform("dlogp", len(taken)))
    b = torch.from_numpy(uniform("dentropy", len(taken)))
    (a @ taken + b @ entropies).backward()
    return {
        "logp": figures(taken),
        "entropy": figures(entropies),
        "gradients": gradients(model),
    }


def classifier(config, labels):
    """Scores of the last tokens, the loss and its gradients."""
    config.num_labels = labels
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
    model = fill(model.float())
    scores = torch.cat([model(input_ids=ids[None]).logits for ids in sequences()])
    if labels == 1:
        targets = torch.tensor([0.3, 1.0, 0.0])
        value = torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], targets)
    else:
        value = torch.nn.functional.cross_entropy(scores, torch.tensor([1, 0, 1]))
    value.backward()
    return {"scores": figures(scores), "loss": float(value), "gradients": gradients(model)}


def training(model):
    """Losses, gradient norms and learning rates of AdamW with clipping and a cosine schedule."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    schedule = get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    recorded = {"losses": [], "norms": [], "rates": []}
    for _ in range(STEPS):
        value = loss(model)
        value.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        recorded["losses"].append(float(value))
        recorded["norms"].append(float(norm))
        recorded["rates"].append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return recorded


def rates(make):
    """What a schedule makes of the learning rate 1, step by step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    recorded = []
    for _ in range(STEPS + 2):
        recorded.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return recorded


def record(settings):
    """All figures of one model."""
    settings = {**COMMON, **settings}
    config = AutoConfig.for_model(**settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    model = fill(model.float())
    out = {"config": config.to_dict()}
    out["parameters"] = {name: list(p.shape) for name, p in model.named_parameters()}
    out["logits"] = figures(torch.cat(logits(model)))
    value = loss(model)
    value.backward()
    out["loss"] = float(value)
    out["gradients"] = gradients(model)
    out["outside"] = outside(model)
    out["training"] = training(model)
    out["classifiers"] = [classifier(config, labels) for labels in (1, 2)]
    return out


def main():
    """Writes the record."""
    torch.set_num_threads(1)
    out = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "lengths": LENGTHS,
        "ids": torch.cat(sequences()).tolist(),
        "weights": figures(torch.cat(token_weights())),
        "schedules": {
            "constant": rates(lambda o: get_constant_schedule_with_warmup(o, WARMUP)),
            "linear": rates(lambda o: get_linear_schedule_with_warmup(o, WARMUP, STEPS)),
            "cosine": rates(lambda o: get_cosine_schedule_with_warmup(o, WARMUP, STEPS)),
        },
        "models": {name: record(settings) for name, settings in MODELS.items()},
    }
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
