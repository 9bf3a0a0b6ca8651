"""GRPO steps on SmolLM2-135M: `heedful train policy` and TRL's GRPOTrainer, turn by turn.

usage: grpo.py HEEDFUL MODEL [--prompts 4] [--samples 4] [--tokens 64] [--steps 3] [--rounds 1]
               [--threads 2] [--only ours|trl]

HEEDFUL is the program, MODEL the Hugging Face folder that both start from (`heedful train sft`, or
transformers' from_pretrained of the GGUF saved again). The same prompts, samples a prompt, limit on
tokens and no KL; each takes its own process, and the first step of each is left out. Printed: the
median seconds of a step, tokens that were sampled, CPU-seconds of a step, and the peak of memory.
The reward is how near an answer comes to 60 words, in both: it costs nothing, and differs within
groups. Needs: torch, transformers, trl, datasets.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.pop(0)

ASKS = [
    "Write about a harbour in the morning.",
    "Explain how bread is baked.",
    "Describe a walk through an old town.",
    "Tell me what a good teacher does.",
    "Plan a day by the sea for a family.",
    "Compare trains with buses.",
    "Write a note to a friend who is ill.",
    "Give advice to someone who starts to run.",
]


def rows(options):
    """As many prompts as the steps take, with a rule that an answer half keeps."""
    count = options.prompts * (options.steps + 1)
    for at in range(count):
        yield {
            "key": str(at),
            "prompt": f"{ASKS[at % len(ASKS)]} Write sixty words or more. ({at})",
            "instruction_id_list": ["count:words"],
            "kwargs": [{"relation": "at least", "n": 60}],
        }


def ours(options):
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "prompts.jsonl")
        data.write_text("".join(json.dumps(row) + "\n" for row in rows(options)))
        length = 64 + options.tokens
        command = [
            options.heedful, "train", "policy", "--model", options.model, "--data", str(data),
            "--out", f"{folder}/out", "--steps", str(options.steps + 1),
            "--prompts", str(options.prompts), "--group", str(options.samples),
            "--max-tokens", str(options.tokens), "--length", str(length),
            "--tokens", "384", "--credit", "graded", "--save-every", "0",
            "--threads", str(options.threads), "--quiet",
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = Path(folder, "out/metrics.jsonl").read_text().splitlines()
        steps = [json.loads(line) for line in lines][1:]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent = [step["rollout_s"] + step.get("reward_s", 0.0) + step["train_s"] for step in steps]
    return {
        "name": "heedful",
        "seconds": median(spent),
        "rollout_s": median([step["rollout_s"] for step in steps]),
        "tokens": median([step["tokens"] for step in steps]),
        "updates": sum(step["updates"] for step in steps),
        "cpu_per_step": cpu / (options.steps + 1),
        "peak_mib": after.ru_maxrss // 1024,
    }


def trl(options):
    """In a process of its own: this one, started again."""
    command = [sys.executable, __file__, options.heedful, options.model, "--only", "trl-here"]
    for key in ("prompts", "samples", "tokens", "steps", "threads"):
        command += [f"--{key}", str(getattr(options, key))]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out.splitlines()[-1])


def trl_here(options):
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import torch
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    torch.set_num_threads(options.threads)
    marks, lengths = [], []

    class Clock(TrainerCallback):
        def on_step_end(self, *rest, **more):
            marks.append((time.perf_counter(), time.process_time()))

    def reward(completions, completion_ids=None, **rest):
        lengths.append(sum(len(ids) for ids in completion_ids))
        texts = [turns[0]["content"] for turns in completions]
        return [min(len(text.split()) / 60, 1.0) for text in texts]

    asked = [{"prompt": [{"role": "user", "content": row["prompt"]}]} for row in rows(options)]
    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder, per_device_train_batch_size=options.prompts * options.samples,
            num_generations=options.samples, max_completion_length=options.tokens,
            max_steps=options.steps + 1, learning_rate=1e-6, beta=0.0, temperature=1.0,
            use_cpu=True, bf16=False, fp16=False, report_to="none", save_strategy="no",
            logging_steps=1, gradient_checkpointing=False, dataloader_pin_memory=False,
            model_init_kwargs={"dtype": "float32"}, disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=options.model, reward_funcs=reward, args=config,
            train_dataset=Dataset.from_list(asked), callbacks=[Clock()],
        )
        trainer.train()
    pairs = list(zip(marks, marks[1:]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({
        "name": "trl",
        "seconds": median([b[0] - a[0] for a, b in pairs]),
        "tokens": median(lengths[1:]),
        "cpu_per_step": median([b[1] - a[1] for a, b in pairs]),
        "peak_mib": peak,
    }))


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heedful")
    parser.add_argument("model")
    for name, value in (("prompts", 4), ("samples", 4), ("tokens", 64), ("steps", 3),
                        ("rounds", 1), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if options.only == "trl-here":
        return trl_here(options)
    found = {"heedful": [], "trl": []}
    for _ in range(options.rounds):
        for name, run in (("heedful", ours), ("trl", trl)):
            if options.only in ("", name):
                result = run(options)
                found[name].append(result["seconds"])
                print(json.dumps(result), flush=True)
    if all(found.values()):
        best = {name: median(values) for name, values in found.items()}
        print(f"heedful {best['heedful']:.2f} s, trl {best['trl']:.2f} s a step: "
              f"{best['trl'] / best['heedful']:.2f} times")


if __name__ == "__main__":
    main()
