"""Times the official IFEval scorer, for `cargo bench --workspace --bench ifeval` to compare with.

    python benchmarks/peer/ifeval.py --official PATH --prompts P --responses R \\
        --nltk-data DIR --venv DIR > peer.json
    HEEDFUL_PEER=peer.json cargo bench --workspace --bench ifeval

PATH is the folder that holds `instruction_following_eval`, the official code. DIR of --nltk-data
either is an nltk_data folder with tokenizers/punkt_tab, or holds punkt_tab_english, the four files
of the English model, which are then arranged as NLTK wants them. A virtual environment with the
pinned packages is made in --venv from PyPI when it is not there.

Times are CPU seconds of this process. Loading (imports, the first Punkt and the language profiles)
is counted apart. The verdicts are part of the output, so that the comparison can check them.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import venv

PACKAGES = ["nltk==3.9.1", "langdetect==1.0.9", "absl-py", "immutabledict", "packaging"]


def in_environment(folder):
    """Starts this script again inside the environment, once it holds the packages."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True,
                       stdout=sys.stderr)
    environment = dict(os.environ, HEEDFUL_PEER_INSIDE="1")
    sys.exit(subprocess.run([python, *sys.argv], env=environment).returncode)


def nltk_data(folder):
    """The nltk_data folder, arranged beside the loose files where they come loose."""
    if (folder / "tokenizers" / "punkt_tab").is_dir():
        return folder
    loose = folder / "punkt_tab_english"
    if not loose.is_dir():
        sys.exit(f"{folder}: neither tokenizers/punkt_tab nor punkt_tab_english in it")
    home = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / "heedful_nltk_data"
    shutil.copytree(loose, home / "tokenizers" / "punkt_tab" / "english", dirs_exist_ok=True)
    return home


def clock(run):
    start = time.process_time()
    value = run()
    return time.process_time() - start, value


def rate(run, least=0.2):
    """Calls a CPU second, over at least this many seconds."""
    calls, spent = 0, 0.0
    while spent < least:
        spent += clock(run)[0]
        calls += 1
    return calls / spent


def per_rule(inputs, responses, registry, seed):
    """Checks a CPU second of each rule: built instructions, responses cut to 1,000 characters."""
    draw = random.Random(seed)
    texts = [text[:1000] for text in responses.values() if len(text) >= 1000]
    texts = draw.sample(texts, min(50, len(texts)))
    built = {}
    for item in inputs:
        for name, kwargs in zip(item.instruction_id_list, item.kwargs):
            instruction = registry.INSTRUCTION_DICT[name](name)
            kwargs = {key: value for key, value in kwargs.items() if value is not None}
            instruction.build_description(**kwargs)
            if "prompt" in (instruction.get_instruction_args() or {}):
                instruction.build_description(prompt=item.prompt)
            built.setdefault(name, []).append((instruction, kwargs))
    rates = {}
    for name, instructions in sorted(built.items()):
        chosen = [draw.choice(instructions) for _ in texts]
        pairs = list(zip(chosen, texts))
        rates[name] = {
            "checks_per_s": len(pairs) * rate(
                lambda: [made.check_following(text) for (made, _), text in pairs]),
            "verdicts": [bool(made.check_following(text)) for (made, _), text in pairs],
            "kwargs": [kwargs for _, kwargs in chosen],
        }
    return texts, rates


def measure(arguments):
    os.environ["NLTK_DATA"] = str(nltk_data(arguments.nltk_data))
    sys.path.insert(0, str(arguments.official))

    def load():
        import langdetect
        from instruction_following_eval import evaluation_lib, instructions_registry
        langdetect.DetectorFactory.seed = 0
        langdetect.detect("The first call loads the profiles of all languages.")
        from instruction_following_eval import instructions_util
        instructions_util.count_sentences("One sentence. Another one.")
        return evaluation_lib, instructions_registry

    loading, (library, registry) = clock(load)
    inputs, responses = [], {}
    for line in open(arguments.prompts, encoding="utf-8"):
        row = json.loads(line)
        inputs.append(library.InputExample(
            key=row["key"], prompt=row["prompt"],
            instruction_id_list=row["instruction_id_list"], kwargs=row["kwargs"]))
    for line in open(arguments.responses, encoding="utf-8"):
        row = json.loads(line)
        responses[row["prompt"]] = row["response"]
    inputs = [item for item in inputs if item.prompt in responses]

    def score():
        return [(library.test_instruction_following_strict(item, responses),
                 library.test_instruction_following_loose(item, responses)) for item in inputs]

    spent = []
    for _ in range(arguments.repeats):
        seconds, outputs = clock(score)
        spent.append(seconds)
    texts, rates = per_rule(inputs, responses, registry, seed=0)
    follow = {str(item.key): [strict.follow_instruction_list, loose.follow_instruction_list]
              for item, (strict, loose) in zip(inputs, outputs)}
    json.dump({
        "python": sys.version.split()[0], "packages": PACKAGES, "loading_cpu_s": loading,
        "score_cpu_s": spent, "items": len(inputs), "follow": follow, "texts": texts,
        "per_rule": rates,
    }, sys.stdout)
    print(f"{len(inputs)} items: loading {loading:.2f} s, strict + loose {min(spent):.3f} s CPU",
          file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--official", type=pathlib.Path, required=True)
    parser.add_argument("--prompts", type=pathlib.Path, required=True)
    parser.add_argument("--responses", type=pathlib.Path, required=True)
    parser.add_argument("--nltk-data", type=pathlib.Path, required=True)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("/tmp/heedful_peer"))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if not os.environ.get("HEEDFUL_PEER_INSIDE"):
        in_environment(arguments.venv)
    measure(arguments)


if __name__ == "__main__":
    main()
