#!/usr/bin/env python3
"""Times generation by llama.cpp and transformers, beside `cargo bench --bench decode`, in one run.

    decode.py MODEL.gguf [--threads 1,2] [--sequences 1,8,32] [--tokens 64] [--rounds 2]
              [--ours BINARY] [--llama PYTHON] [--torch PYTHON]

PYTHON are interpreters with xllamacpp, gguf and numpy, or with torch, transformers, accelerate and
gguf; a peer that is not given is left out. BINARY is the bench, as `cargo bench --no-run` names it.
Each round runs all of them in turn, so that a busy spell does not fall on one alone; of each
configuration the best round is printed, as JSON lines. `agrees` is how many characters of the first
answer are those of transformers in f32, on as many threads and sequences: the answers are greedy,
and part where two tokens are as likely but for rounding.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time

# This folder has a `statistics.py`, which is not the standard library's that others import.
sys.path.pop(0)

PROMPT = 32
VOCABULARY = 49152


def clock():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def say(engine, weights, threads, sequences, tokens, took, answer):
    wall, cpu = took
    count = sequences * (tokens - 1)
    line = {"engine": engine, "weights": weights, "threads": threads, "sequences": sequences,
            "tokens_per_s": count / wall, "tokens_per_cpu_s": count / cpu, "answer": answer}
    print(json.dumps(line), flush=True)


def prompts(sequences, vocabulary):
    return [[(i * 7919 + row * 104729 + 17) % vocabulary for i in range(PROMPT)]
            for row in range(sequences)]


def run_torch(model, threads, counts, tokens):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    folder, name = os.path.split(os.path.abspath(model))
    net = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    for kind in [torch.float32, torch.bfloat16]:
        net = net.to(kind)
        for used in threads:
            torch.set_num_threads(used)
            for sequences in counts:
                feed, past, answer = torch.tensor(prompts(sequences, VOCABULARY)), None, []
                with torch.inference_mode():
                    for step in range(tokens):
                        out = net(feed, past_key_values=past, use_cache=True, logits_to_keep=1)
                        past, feed = out.past_key_values, out.logits[:, -1].argmax(-1, keepdim=True)
                        answer.append(feed[0].item())
                        if step == 0:
                            start = clock()
                took = [now - then for now, then in zip(clock(), start)]
                name = str(kind).removeprefix("torch.")
                text = tokenizer.decode(answer, skip_special_tokens=True)
                say("transformers", name, used, sequences, tokens, took, text)


def widened(model, name):
    """MODEL with all weights widened to another type, as a file."""
    import gguf
    from gguf import GGMLQuantizationType as Kind
    from gguf.quants import dequantize, quantize
    out = pathlib.Path(tempfile.gettempdir()) / f"heedful_peer_{os.getuid()}_{name}.gguf"
    if out.exists():
        return str(out)
    part, wide = str(out) + ".part", Kind[name.upper()]
    reader = gguf.GGUFReader(model)
    writer = gguf.GGUFWriter(part, reader.get_field("general.architecture").contents())
    left_out = {"general.architecture", "general.file_type", "general.quantization_version"}
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in left_out:
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    for tensor in reader.tensors:
        kind = Kind.F32 if len(tensor.shape) == 1 else wide
        values = dequantize(tensor.data, tensor.tensor_type).astype("float32")
        values = values if kind == Kind.F32 else quantize(values, kind)
        writer.add_tensor(tensor.name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.rename(part, out)
    return str(out)


def run_llama(model, threads, counts, tokens):
    """Its own server's engine in this process, which batches what is asked at once."""
    import xllamacpp
    for name in ["f32", "bf16"]:
        for used in threads:
            for sequences in counts:
                params = xllamacpp.CommonParams()
                params.model.path, params.verbosity, params.warmup = widened(model, name), -1, False
                params.n_parallel, params.n_ctx = sequences, sequences * (PROMPT + tokens)
                params.n_batch = params.n_ubatch = 2048
                params.cpuparams.n_threads = params.cpuparams_batch.n_threads = used
                server = xllamacpp.Server(params)
                ask(server, sequences, 1)
                # What the prompts and the first tokens take is taken off.
                _, first = ask(server, sequences, 1)
                text, whole = ask(server, sequences, tokens)
                wall, cpu = (a - b for a, b in zip(whole, first))
                say("llama.cpp", name, used, sequences, tokens, (wall, cpu), text)
                del server


def ask(server, sequences, tokens):
    """The first prompt's answer, and wall and CPU seconds of all."""
    answers = [None] * sequences

    def one(row, ids):
        want = {"prompt": ids, "max_tokens": tokens, "temperature": 0, "ignore_eos": True,
                "cache_prompt": False}
        answers[row] = server.handle_completions(want)["choices"][0]["text"]

    asked = [threading.Thread(target=one, args=(row, ids))
             for row, ids in enumerate(prompts(sequences, VOCABULARY))]
    start = clock()
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    return answers[0], [now - then for now, then in zip(clock(), start)]


def commands(options):
    """What a round runs."""
    shared = ["--threads", options.threads, "--sequences", options.sequences,
              "--tokens", str(options.tokens)]
    for engine, python in [("llama", options.llama), ("torch", options.torch)]:
        if python:
            yield [python, __file__, options.model, *shared, "--inside", engine]
    if options.ours:
        yield [options.ours, options.model, f"threads={options.threads}", "weights=file,bf16,f32",
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
    best, spoken = {}, {}
    for _ in range(options.rounds):
        for command in commands(options):
            ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            for text in ran.stdout.splitlines():
                line = json.loads(text)
                line.setdefault("engine", "heedful")
                print(line, file=sys.stderr)
                key = tuple(line[k] for k in ("engine", "weights", "threads", "sequences"))
                spoken[key] = line.pop("answer")
                kept = best.setdefault(key, line)
                for name in ("tokens_per_s", "tokens_per_cpu_s"):
                    kept[name] = max(kept[name], line[name])
    for key in sorted(best):
        expected = spoken.get(("transformers", "float32", *key[2:]))
        if expected is not None:
            best[key]["agrees"] = len(os.path.commonprefix([expected, spoken[key]]))
            best[key]["of"] = len(expected)
        print(json.dumps(best[key]))


if __name__ == "__main__":
    main()
