"""Times MKL (inside PyTorch) and OpenBLAS (inside NumPy) in turns with our matrix products.

    python -m venv /tmp/v && /tmp/v/bin/pip install torch numpy
    /tmp/v/bin/python benchmarks/peer/gemm.py [--rounds 9] [--quick] [--json FILE]

Run it at the root of the repository. It builds `kernels/benches/gemm.rs` with the crate `gemm` as
one more peer, and drives it as a child: in each round every library has its turn, so all of them
see the same load of the machine. Each turn runs for 10 ms at least, after a call that does not
count. Told are GFLOP/s, `best / median` of the rounds, by the processor's time of the thread where
there is one, by the clock where there are two: on a busy machine, take the best of those.
Products are y = x·Wᵀ (nt), dx = dy·W (nn) and dW = dyᵀ·x (tn) in f32. `nt-bf16` is ours with bf16
weights; the others, having no such product with f32 sums and activations, take f32 weights there.
"""

import argparse
import ctypes
import glob
import json
import os
import pathlib
import subprocess
import sys
import time

# The folder of this file holds a statistics.py, which PyTorch would take for Python's own.
sys.path.pop(0)

import numpy
import torch

LAYERS = [(576, 1536), (1536, 576), (576, 49152)]
LEAST = 0.01
# Seconds between turns: threads of these libraries look out for work a while, on a core that the
# next one needs.
SETTLE = 0.3


def cases(quick):
    """(kind, M, N, K) of decoding, of prompts and of training."""
    for k, n in LAYERS:
        for m in [1, 8] if quick else [1, 2, 4, 8, 16]:
            yield "nt-bf16", m, n, k
        for m in [1, 64] if quick else [1, 8, 64]:
            yield "nt", m, n, k
        yield "nt", 512, n, k
        if n < 10_000:
            for kind in ["nn", "tn"]:
                yield kind, 512, n, k
            for kind in [] if quick else ["nt", "nn", "tn"]:
                yield kind, 2048, n, k


def build():
    """Builds the bench, and returns the path of its program."""
    command = ["cargo", "bench", "-p", "heedful-kernels", "--bench", "gemm", "--features", "peer",
               "--no-run", "--message-format", "json"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [json.loads(line) for line in lines.splitlines()]
    paths = [m["executable"] for m in made
             if m.get("executable") and m["target"]["name"] == "gemm"]
    return paths[-1]


class Ours:
    """The bench as a child that answers lines."""

    def __init__(self, program):
        self.child = subprocess.Popen([program, "--serve"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.isa = self.child.stdout.readline().strip()

    def time(self, who, case, threads):
        self.child.stdin.write(" ".join(map(str, [who, *case, threads])) + "\n")
        self.child.stdin.flush()
        return float(self.child.stdout.readline())


def openblas():
    """The library inside NumPy: a function that sets its threads, and its kernel's name."""
    beside = pathlib.Path(numpy.__file__).parent.parent / "numpy.libs"
    library = ctypes.CDLL(glob.glob(str(beside / "libscipy_openblas64*"))[0])
    name = library.scipy_openblas_get_corename64_
    name.restype = ctypes.c_char_p
    return library.scipy_openblas_set_num_threads64_, name().decode()


def call(library, case):
    """A call without arguments that does the product, its output made before."""
    kind, m, n, k = case
    draw = numpy.random.default_rng(1)
    left = (k, m) if kind == "tn" else (m, k)
    right = (k, n) if kind in ("nn", "tn") else (n, k)
    a, b = (draw.uniform(-1, 1, shape).astype(numpy.float32) for shape in (left, right))
    c = numpy.zeros((m, n), numpy.float32)
    if library == "mkl":
        a, b, c = (torch.from_numpy(x) for x in (a, b, c))
    a = a.T if kind == "tn" else a
    b = b if kind in ("nn", "tn") else b.T
    if library == "mkl":
        return lambda: torch.mm(a, b, out=c)
    return lambda: numpy.matmul(a, b, out=c)


def clock(run, threads):
    run()
    start, busy, calls = time.perf_counter(), time.thread_time(), 0
    while calls == 0 or time.perf_counter() - start < LEAST:
        run()
        calls += 1
    spent = (time.perf_counter() - start, time.thread_time() - busy)
    return spent[threads == 1] / calls


def measure(ours, set_threads, case, threads, rounds):
    """Seconds of all rounds, by library."""
    torch.set_num_threads(threads)
    set_threads(threads)
    runs = {library: call(library, case) for library in ("mkl", "openblas")}
    times = {"ours": [], "gemm": [], "mkl": [], "openblas": []}
    for _ in range(rounds):
        for who, list_ in times.items():
            time.sleep(SETTLE)
            own = who in ("ours", "gemm")
            list_.append(ours.time(who, case, threads) if own else clock(runs[who], threads))
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--program", help="the bench, built before")
    options = parser.parse_args()
    ours = Ours(options.program or build())
    set_threads, core = openblas()
    print(f"ours {ours.isa}; torch {torch.__version__} (MKL); numpy {numpy.__version__} (OpenBLAS "
          f"{core}); load {os.getloadavg()[0]:.1f}; GFLOP/s, best / median of {options.rounds}")
    print("| product | M | N | K | threads | ours | gemm | MKL | OpenBLAS | ours/MKL | ours/gemm |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    rows = []
    for case in cases(options.quick):
        for threads in (1, 2):
            times = measure(ours, set_threads, case, threads, options.rounds)
            work = 2e-9 * case[1] * case[2] * case[3]
            best = {who: work / min(list_) for who, list_ in times.items()}
            middle = {who: work / numpy.median(list_) for who, list_ in times.items()}
            cells = [f"{best[who]:.1f} / {middle[who]:.1f}" for who in times]
            ratios = [f"{best['ours'] / best[who]:.2f}" for who in ("mkl", "gemm")]
            print("|", " | ".join(map(str, [*case, threads, *cells, *ratios])), "|", flush=True)
            rows.append({"case": case, "threads": threads, "seconds": times})
    print(f"load at the end {os.getloadavg()[0]:.1f}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
