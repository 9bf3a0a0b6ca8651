#!/usr/bin/env python3
"""Runs `heedful generate` against llama.cpp's server and prints what came of it as Markdown.

    scripts/llama_server.py MODEL.gguf HEEDFUL [--python PYTHON] [--prompts N] [--tokens N]

PYTHON is an interpreter with `xllamacpp` (llama.cpp's own server, ready-made wheels) or with
`llama-cpp-python[server]`; by default this one. The run: N prompts,
two samples each, with a cache; killed once in the middle and resumed; asked again from the cache
with the server gone; compared with a straight run at temperature 0; and once as a stream. Any
difference ends it with an error.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

NATIVE = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx = sys.argv[1], int(sys.argv[2]), 8192
params.n_parallel, params.cpuparams.n_threads, params.model_alias = 4, 1, {"smollm2"}
server = xllamacpp.Server(params)
while True:
    time.sleep(1)
"""

TOPICS = ["tea", "rain", "a bicycle", "the moon", "bread", "a library", "chess", "salt"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(python, model, port, log):
    native = subprocess.run([python, "-c", "import xllamacpp"], stderr=subprocess.DEVNULL)
    if native.returncode == 0:
        command = [python, "-c", NATIVE, str(model), str(port)]
    else:
        command = [python, "-m", "llama_cpp.server", "--model", str(model), "--port", str(port)]
        command += ["--n_ctx", "2048", "--n_threads", "2", "--model_alias", "smollm2"]
    server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    for _ in range(600):
        if server.poll() is not None:
            sys.exit(f"the server ended with {server.returncode}: see {log.name}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=2).read()
            return server
        except OSError:
            time.sleep(0.2)
    server.kill()
    sys.exit("the server did not start")


def generate(heedful, arguments, kill_after=None):
    command = [heedful, "generate", *arguments]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if kill_after is not None:
        kill_after(run)
        run.send_signal(signal.SIGKILL)
    out, err = run.communicate()
    return run.returncode, out.strip(), err.strip()


def table(out):
    return next(Path(out).glob("*/data/*.parquet")).read_bytes()


def manifest(out):
    return json.loads(next(Path(out).glob("*/manifest.json")).read_text(encoding="utf-8"))


def lines_of_journal(out):
    found = list(Path(out).glob("*.journal"))
    return len(found[0].read_bytes().splitlines()) if found else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("heedful")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=40)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp())
    prompts = work / "prompts.jsonl"
    rows = [{"key": i, "prompt": f"Write two sentences about {TOPICS[i % len(TOPICS)]}."}
            for i in range(options.prompts)]
    prompts.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    port = free_port()
    log = (work / "server.log").open("wb")
    server = start(options.python, options.model, port, log)
    url = f"http://127.0.0.1:{port}/v1"
    base = ["--data", str(prompts), "--model", "smollm2", "-n", "2"]
    base += ["--max-tokens", str(options.tokens)]
    base += ["--temperature", "0", "--seed", "1", "--endpoint", url, "--concurrency", "4"]
    done = []
    try:
        begun = time.monotonic()
        straight = generate(options.heedful, [*base, "--out", str(work / "a"),
                                              "--cache", str(work / "cache")])
        took = time.monotonic() - begun
        assert straight[0] == 0, straight
        held = manifest(work / "a")
        done.append(("straight run", f"{held['rows']} responses, {held['counts']['tokens']} tokens "
                     f"in {took:.1f} s, finish reasons {held['counts']['finish_reasons']}"))

        def half(run):
            while lines_of_journal(work / "b") < options.prompts and run.poll() is None:
                time.sleep(0.01)

        killed = generate(options.heedful, [*base, "--out", str(work / "b")], kill_after=half)
        assert killed[0] == -signal.SIGKILL, killed
        kept = lines_of_journal(work / "b") - 1
        resumed = generate(options.heedful, [*base, "--out", str(work / "b"), "--json"])
        assert resumed[0] == 0 and json.loads(resumed[1])["resumed"] == kept, resumed
        assert table(work / "a") == table(work / "b"), "a resumed run has other bytes"
        done.append(("killed and resumed", f"{kept} of {held['rows']} kept, the same bytes"))
        streamed = generate(options.heedful, [*base, "--out", str(work / "c"), "--stream"])
        assert streamed[0] == 0, streamed
        same = manifest(work / "c")["counts"]["finish_reasons"] == held["counts"]["finish_reasons"]
        assert same, "a stream ends otherwise"
        done.append(("as a stream", "the same finish reasons"))
    finally:
        server.kill()
        server.wait()
    cached = generate(options.heedful, [*base, "--out", str(work / "d"),
                                        "--cache", str(work / "cache"), "--offline"])
    assert cached[0] == 0, cached
    assert table(work / "a") == table(work / "d"), "the cache has other bytes"
    done.append(("server gone, from the cache", "the same bytes"))
    gone = generate(options.heedful, [*base, "--out", str(work / "e"), "--attempts", "2"])
    assert gone[0] == 2 and "cannot connect" in gone[2], gone
    done.append(("server gone, no cache", "exit 2, `cannot connect`"))
    sizes = f"{options.prompts} prompts, 2 samples, {options.tokens} tokens at most"
    print(f"{os.path.basename(options.model)}, {sizes}\n")
    print("| run | result |\n|---|---|")
    for name, result in done:
        print(f"| {name} | {result} |")


if __name__ == "__main__":
    main()
