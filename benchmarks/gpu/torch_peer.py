#!/usr/bin/env python3
"""The ops of `kernels/benches/card` and the scoring of `models/benches/card`, by PyTorch.

    torch_peer.py --part ops|score [--card N] [--seconds S]

Attention by SDPA (the faster of its flash and cuDNN kernels), AdamW by the fused one, norms, the
gated activation and log-probabilities by `torch.compile`, products by `matmul`, scoring by
transformers with SDPA. Prints lines of JSON with the names and shapes of ours; times are medians of
rounds between CUDA events, after a warm-up. Without torch or a card it says so on a line and exits
0.
"""

import argparse
import json
import statistics
import sys
import time

TOKENS = 16_384
SEQUENCE = 1536
EPS = 1e-6

# Qwen2.5's `config.json` files: width, heads, heads of keys, width of a head, feed-forward,
# vocabulary.
SHAPES = {
    "qwen2.5-0.5b": (896, 14, 2, 64, 4864, 151_936),
    "qwen2.5-1.5b": (1536, 12, 2, 128, 8960, 151_936),
    "qwen2.5-7b": (3584, 28, 4, 128, 18_944, 152_064),
}
PARAMS = 494_032_768

# A batch of scoring, and how often.
SCORED = (64, 512, 9)

ROUNDS = 9
ROUND_MS = 20.0


def say(**line):
    print(json.dumps(line), flush=True)


def median(torch, call):
    """Median, least and most seconds of a call."""
    def rounds(calls):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(calls):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / calls

    rounds(3)
    each = rounds(5)
    calls = max(1, min(2000, int(ROUND_MS / max(each, 1e-6)) + 1))
    found = [rounds(calls) / 1e3 for _ in range(ROUNDS)]
    return statistics.median(found), min(found), max(found)


def timed(torch, op, shape, call, **more):
    """Times a call and says so; an error is told and hinders nothing else."""
    try:
        middle, least, most = median(torch, call)
    except (RuntimeError, AssertionError) as error:
        say(kind="peer", by="torch", op=op, shape=shape, why=str(error).splitlines()[0])
        torch.cuda.empty_cache()
        return
    say(kind="peer", by="torch", op=op, shape=shape, seconds=middle, least=least, most=most, **more)


def attention(torch, shape, sizes):
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention as sdpa
    _, heads, kv_heads, dim, _, _ = sizes

    def drawn(batch, length):
        make = lambda count: torch.randn(batch, count, length, dim, device="cuda",
                                         dtype=torch.bfloat16, requires_grad=True)
        return make(heads), make(kv_heads), make(kv_heads)

    whole, rest = TOKENS // SEQUENCE, TOKENS % SEQUENCE
    for name, batches in [("sequences of 1536", [(whole, SEQUENCE), (1, rest)]),
                          ("one sequence", [(1, TOKENS)])]:
        given = [drawn(*batch) for batch in batches]
        best = {}
        for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION):
            def run():
                with sdpa_kernel(backend):
                    return [sdpa(q, k, v, is_causal=True, enable_gqa=True) for q, k, v in given]

            try:
                outs = run()
                slopes = [torch.randn_like(out) for out in outs]

                def back():
                    for out, slope, inputs in zip(outs, slopes, given):
                        torch.autograd.grad(out, inputs, slope, retain_graph=True)

                with torch.no_grad():
                    forward = median(torch, run)
                found = {"forward": forward, "backward": median(torch, back)}
            except RuntimeError as error:
                say(kind="peer", by="torch", op=f"attention, {name}, {backend.name}", shape=shape,
                    why=str(error).splitlines()[0])
                continue
            for way, seconds in found.items():
                if way not in best or seconds[0] < best[way][0][0]:
                    best[way] = (seconds, backend.name)
        for way, ((middle, least, most), backend) in best.items():
            say(kind="peer", by="torch", op=f"attention::{way}, {name}", shape=shape,
                seconds=middle, least=least, most=most, backend=backend)


def compiled(torch, shape, sizes):
    """Norms, the gated activation, log-probabilities."""
    width, _, _, _, ffn, vocab = sizes
    draw = lambda *size: torch.randn(*size, device="cuda", dtype=torch.bfloat16,
                                     requires_grad=True)

    def residual(x, delta, weight):
        total = x + delta
        wide = total.float()
        normed = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + EPS)
        return normed.to(x.dtype) * weight, total

    def gated(gate_up):
        gate, up = gate_up.chunk(2, dim=-1)
        return torch.nn.functional.silu(gate) * up

    def logprob(logits, targets):
        wide = logits.float()
        lse = wide.logsumexp(-1)
        entropy = lse - ((wide - lse[:, None]).exp() * wide).sum(-1)
        return wide.gather(-1, targets[:, None]).squeeze(-1) - lse, entropy, lse

    def forward(function, inputs):
        with torch.no_grad():
            function(*inputs)

    def both(name, function, inputs, by, wanted):
        run = torch.compile(function, dynamic=False)
        timed(torch, f"{name[0]}", shape, lambda: forward(run, inputs))
        outs = run(*inputs)
        outs = outs if isinstance(outs, tuple) else (outs,)
        outs = [outs[at] for at in wanted]
        slopes = [torch.randn_like(out) for out in outs]
        timed(torch, f"{name[1]}", shape,
              lambda: torch.autograd.grad(outs, by, slopes, retain_graph=True))

    inputs = [draw(TOKENS, width), draw(TOKENS, width), draw(width)]
    both(("rmsnorm::residual", "rmsnorm::backward"), residual, inputs, inputs[::2], [0, 1])
    inputs = [draw(TOKENS, 2 * ffn)]
    both(("swiglu::forward", "swiglu::backward"), gated, inputs, inputs, [0])
    targets = torch.randint(vocab, (TOKENS,), device="cuda")
    inputs = [draw(TOKENS, vocab), targets]
    both(("logprob::forward", "logprob::backward"), logprob, inputs, inputs[:1], [0])


def product(torch, shape, sizes):
    width, _, _, _, ffn, _ = sizes
    a = torch.randn(TOKENS, width, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(2 * ffn, width, device="cuda", dtype=torch.bfloat16)
    out = torch.empty(TOKENS, 2 * ffn, device="cuda", dtype=torch.bfloat16)
    timed(torch, "gemm::nt", shape, lambda: torch.matmul(a, b.T, out=out))


def optimizer(torch):
    params = torch.randn(PARAMS, device="cuda", requires_grad=True)
    params.grad = torch.randn(PARAMS, device="cuda")
    adam = torch.optim.AdamW([params], lr=1e-6, weight_decay=0.1, fused=True)
    timed(torch, "adamw::step", "qwen2.5-0.5b", adam.step)
    timed(torch, "norm::global", "qwen2.5-0.5b", lambda: torch.linalg.vector_norm(params.grad))


def ops(torch, end):
    work = [("adamw::step", "qwen2.5-0.5b", lambda: optimizer(torch))]
    for part in (attention, product, compiled):
        for shape, sizes in SHAPES.items():
            work.append((part.__name__, shape,
                         lambda part=part, shape=shape, sizes=sizes: part(torch, shape, sizes)))
    for name, shape, run in work:
        if time.monotonic() > end:
            say(kind="peer", by="torch", op=name, shape=shape, why="SKIPPED: no time was left")
            continue
        try:
            run()
        except (RuntimeError, ImportError) as error:
            say(kind="peer", by="torch", op=name, shape=shape, why=str(error).splitlines()[0])
        torch.cuda.empty_cache()


def score(torch):
    from transformers import Qwen2Config, Qwen2ForSequenceClassification
    width, heads, kv_heads, _, ffn, vocab = SHAPES["qwen2.5-1.5b"]
    config = Qwen2Config(
        vocab_size=vocab, hidden_size=width, intermediate_size=ffn, num_hidden_layers=28,
        num_attention_heads=heads, num_key_value_heads=kv_heads, rope_theta=1e6,
        rms_norm_eps=EPS, tie_word_embeddings=True, num_labels=1, pad_token_id=0, use_cache=False)
    config._attn_implementation = "sdpa"
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = Qwen2ForSequenceClassification(config).eval()
    sequences, length, count = SCORED
    seconds = []
    with torch.no_grad():
        for at in range(count + 2):
            ids = torch.randint(1, vocab, (sequences, length), device="cuda")
            torch.cuda.synchronize()
            begin = time.perf_counter()
            scores = model(input_ids=ids).logits.float().cpu()
            if at >= 2:
                seconds.append(time.perf_counter() - begin)
            assert scores.shape == (sequences, 1) and bool(scores.isfinite().all())
    middle = statistics.median(seconds)
    say(kind="score", by="transformers", shape="qwen2.5-1.5b", seconds=middle,
        least=min(seconds), most=max(seconds), sequences=sequences, length=length,
        pairs_per_s=sequences / middle)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--part", choices=["ops", "score"], required=True)
    parser.add_argument("--card", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120, help="after which no op begins")
    asked = parser.parse_args()
    end = time.monotonic() + asked.seconds
    kind = "peer" if asked.part == "ops" else "score"
    by = "torch" if asked.part == "ops" else "transformers"
    skip = lambda why: say(kind=kind, by=by, shape="all", why=f"SKIPPED: {why}")
    try:
        import torch
    except ImportError as error:
        return skip(f"this Python has no torch: {error}")
    if not torch.cuda.is_available():
        return skip(f"torch {torch.__version__} sees no card")
    torch.cuda.set_device(asked.card)
    say(kind="peer-version", torch=torch.__version__, card=torch.cuda.get_device_name())
    if asked.part == "ops":
        return ops(torch, end)
    try:
        return score(torch)
    except (ImportError, RuntimeError, AssertionError) as error:
        return skip(str(error).splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
