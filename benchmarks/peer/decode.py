#!/usr/bin/env python3
"""Times generation by llama.cpp and transformers, beside `cargo bench --bench decode`, in one run.

    decode.py MODEL.gguf [--threads 1,2] [--sequences 1,8,32] [--tokens 64] [--rounds 2]
              [--ours BINARY] [--llama PYTHON] [--torch PYTHON]

PYTHON are interpreters with llama-cpp-python, or with torch, transformers, accelerate and gguf; a
peer that is not given is left out. BINARY is the bench, as `cargo bench --no-run` names it. Each
round runs all of them in turn, so that a busy spell does not fall on one alone; of each
configuration the best round is printed, as JSON lines.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

PROMPT = 32


def clock():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def say(engine, weights, threads, sequences, tokens, start):
    wall, cpu = (now - then for now, then in zip(clock(), start))
    count = sequences * (tokens - 1)
    line = {"engine": engine, "weights": weights, "threads": threads, "sequences": sequences,
            "tokens_per_s": count / wall, "tokens_per_cpu_s": count / cpu}
    print(json.dumps(line), flush=True)


def prompts(sequences, vocabulary):
    return [[(i * 7919 + row * 104729 + 17) % vocabulary for i in range(PROMPT)]
            for row in range(sequences)]


def run_torch(model, threads, counts, tokens):
    import torch
    from transformers import AutoModelForCausalLM
    folder, name = os.path.split(os.path.abspath(model))
    net = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    for kind in [torch.float32, torch.bfloat16]:
        net = net.to(kind)
        for used in threads:
            torch.set_num_threads(used)
            for sequences in counts:
                feed, past = torch.tensor(prompts(sequences, net.config.vocab_size)), None
                with torch.inference_mode():
                    for step in range(tokens):
                        out = net(feed, past_key_values=past, use_cache=True, logits_to_keep=1)
                        past, feed = out.past_key_values, out.logits[:, -1].argmax(-1, keepdim=True)
                        if step == 0:
                            start = clock()
                name = str(kind).removeprefix("torch.")
                say("transformers", name, used, sequences, tokens, start)


def requantised(model, ftype, name):
    """MODEL with all weights widened to another type."""
    import llama_cpp
    out = pathlib.Path(tempfile.gettempdir()) / f"heedful_peer_{os.getuid()}_{name}.gguf"
    if not out.exists():
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype, params.allow_requantize, params.nthread = ftype, True, 2
        part = str(out) + ".part"
        if llama_cpp.llama_model_quantize(model.encode(), part.encode(), params) != 0:
            sys.exit(f"llama.cpp cannot write {out}")
        os.rename(part, out)
    return str(out)


def run_llama(model, threads, counts, tokens):
    import llama_cpp
    import numpy
    llama_cpp.llama_log_set(llama_cpp.llama_log_callback(lambda *_: None), None)
    llama_cpp.llama_backend_init()
    for name, ftype in [("f32", 0), ("bf16", 32)]:
        path = requantised(model, ftype, name)
        net = llama_cpp.llama_model_load_from_file(
            path.encode(), llama_cpp.llama_model_default_params())
        vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(net))
        for used in threads:
            for sequences in counts:
                params = llama_cpp.llama_context_default_params()
                params.n_ctx, params.n_seq_max = sequences * (PROMPT + tokens), sequences
                params.n_batch = params.n_ubatch = 2048
                params.n_threads = params.n_threads_batch = used
                context = llama_cpp.llama_init_from_model(net, params)
                decode = llama_one(llama_cpp, numpy, context, vocabulary)
                rows = prompts(sequences, vocabulary)
                last = [decode([(t, at, row) for at, t in enumerate(ids)], 1)[0]
                        for row, ids in enumerate(rows)]
                start = clock()
                for step in range(tokens - 1):
                    cells = [(t, PROMPT + step, row) for row, t in enumerate(last)]
                    last = decode(cells, sequences)
                say("llama.cpp", name, used, sequences, tokens, start)
                llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(net)


def llama_one(llama_cpp, numpy, context, vocabulary):
    """A function that decodes (token, position, sequence) and gives the best next of the last."""
    def decode(cells, wanted):
        batch = llama_cpp.llama_batch_init(len(cells), 0, 1)
        batch.n_tokens = len(cells)
        for at, (token, position, sequence) in enumerate(cells):
            batch.token[at], batch.pos[at] = token, position
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
            batch.logits[at] = at >= len(cells) - wanted
        if llama_cpp.llama_decode(context, batch) != 0:
            sys.exit("llama.cpp did not decode")
        best = []
        for at in range(len(cells) - wanted, len(cells)):
            logits = llama_cpp.llama_get_logits_ith(context, at)
            best.append(int(numpy.ctypeslib.as_array(logits, shape=(vocabulary,)).argmax()))
        llama_cpp.llama_batch_free(batch)
        return best
    return decode


def commands(options):
    """What a round runs."""
    shared = ["--threads", options.threads, "--sequences", options.sequences,
              "--tokens", str(options.tokens)]
    for engine, python in [("llama", options.llama), ("torch", options.torch)]:
        if python:
            yield [python, __file__, options.model, *shared, "--inside", engine]
    if options.ours:
        yield [options.ours, options.model, f"threads={options.threads}", "weights=bf16,f32",
               f"sequences={options.sequences}", f"tokens={options.tokens}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--sequences", default="1,8,32")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    for name in ["--ours", "--llama", "--torch", "--inside"]:
        parser.add_argument(name)
    options = parser.parse_args()
    threads = [int(n) for n in options.threads.split(",")]
    counts = [int(n) for n in options.sequences.split(",")]
    if options.inside:
        run = run_llama if options.inside == "llama" else run_torch
        return run(options.model, threads, counts, options.tokens)
    best = {}
    for _ in range(options.rounds):
        for command in commands(options):
            ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            for text in ran.stdout.splitlines():
                line = json.loads(text)
                line.setdefault("engine", "heedful")
                key = tuple(line[k] for k in ("engine", "weights", "threads", "sequences"))
                kept = best.setdefault(key, line)
                for name in ("tokens_per_s", "tokens_per_cpu_s"):
                    kept[name] = max(kept[name], line[name])
    for key in sorted(best):
        print(json.dumps(best[key]))


if __name__ == "__main__":
    main()
