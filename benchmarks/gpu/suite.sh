#!/bin/sh
# Checks and measures heedful on a CUDA card and writes a record to benchmarks/records/. README.md
# beside this says what it needs and what the figures mean.
#
#   benchmarks/gpu/suite.sh [what suite.py takes: --card N, --emulated, --minutes M, --parts LIST]
#
# HEEDFUL_OPS_BENCH and HEEDFUL_MODELS_BENCH name benches that were built before, so that nothing
# is built here; HEEDFUL_PYTHON names the Python, which has torch for the comparisons.
set -eu
cd "$(dirname "$0")/../.."
python=${HEEDFUL_PYTHON:-python3}
began=$(date +%s)

# Builds the bench "card" of a package and prints where it is.
built() {
    cargo bench --quiet --no-run --message-format json --package "$@" --bench card |
        "$python" -c '
import json, sys
found = [json.loads(line) for line in sys.stdin if line.startswith("{")]
names = [f["executable"] for f in found if f.get("executable") and f["target"]["name"] == "card"]
if not names:
    sys.exit("error: cargo named no bench")
print(names[-1])'
}

if [ -n "${HEEDFUL_OPS_BENCH:-}" ]; then
    ops=$HEEDFUL_OPS_BENCH
else
    ops=$(built heedful-kernels --features simt)
fi
if [ -n "${HEEDFUL_MODELS_BENCH:-}" ]; then
    models=$HEEDFUL_MODELS_BENCH
else
    models=$(built heedful-models)
fi
exec "$python" benchmarks/gpu/suite.py --ops "$ops" --models "$models" \
    --began "$began" "$@"
