#!/usr/bin/env bash
# Runs the kernels on the emulated card under GCC's sanitizers, address and undefined behaviour:
# the tests of every op's launches, and the emulator's own. Exits 0 where nothing is found and the
# faults planted on purpose are.
#
#   scripts/sanitize.sh [address|undefined]...
#
# No argument runs both. It needs Linux, cargo, and GCC with libasan and libubsan. Kernels and
# emulator are built with the sanitizer, in the same target folder (SIMT_FLAGS makes cargo build
# them anew); Rust's code is not. The address sanitizer then owns the allocator of the process, so
# each buffer of the emulated card has its end watched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CXX=g++ RUST_BACKTRACE=0
# Leaks are counted by a test of the emulator's; fibers leave their frames.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

# Builds a crate's unit tests: prints the path of the binary.
built() {
    cargo test -p "$1" --lib --no-run --message-format json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

# clean NAME BINARY ARGUMENT...: the tests pass, and nothing is reported.
clean() {
    local name=$1 binary=$2 status=0
    shift 2
    LD_PRELOAD=$library "$binary" "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ] || grep -qE 'AddressSanitizer|runtime error' "$log"; then
        tail -n 60 "$log"
        echo "FAILED: $name (exit $status)"
        failed=1
    elif ! grep -qE '^test result: ok\. [1-9]' "$log"; then
        tail -n 5 "$log"
        echo "FAILED: $name: no test ran"
        failed=1
    else
        echo "clean: $name: $(grep -c ' \.\.\. ok$' "$log") tests"
    fi
}

# planted BINARY TEST REPORT: the test, ignored otherwise, ends with this report.
planted() {
    local binary=$1 name=$2 report=$3 status=0
    LD_PRELOAD=$library "$binary" --include-ignored --exact "$name" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ] && grep -q "$report" "$log"; then
        echo "found: $name: $report"
    else
        tail -n 20 "$log"
        echo "FAILED: $name: planted, and not found"
        failed=1
    fi
}

[ $# -gt 0 ] || set -- address undefined
for kind in "$@"; do
    case $kind in
        address) library=libasan.so flags=-fsanitize=address ;;
        undefined) library=libubsan.so flags="-fsanitize=undefined -fno-sanitize-recover=all" ;;
        *)
            echo "no sanitizer \`$kind\`: address or undefined" >&2
            exit 2
            ;;
    esac
    library=$(g++ -print-file-name="$library")
    [ -f "$library" ] || { echo "GCC has no $library" >&2; exit 2; }
    export SIMT_FLAGS="-g $flags"
    emulator=$(built heedful-simt)
    kernels=$(built heedful-kernels)
    clean "the emulator, $kind" "$emulator"
    # The fake driver is compiled with the sanitizer as well, and loaded by a process that gets the
    # library too. The budget of registers is a matter of NVRTC's alone, and takes minutes.
    clean "the kernels, $kind" "$kernels" \
        card gpu:: sum_rows embed_norm:: advance:: ratio:: likelihood:: cast:: \
        --skip gpu::cuda::budget_tests
    if [ "$kind" = address ]; then
        planted "$emulator" tests::planted_beyond_a_buffer heap-buffer-overflow
        planted "$emulator" tests::planted_beyond_shared_memory heap-buffer-overflow
        planted "$kernels" gpu::emulated::tests::planted_beyond_a_buffer heap-buffer-overflow
        planted "$kernels" gpu::emulated::tests::planted_beyond_scratch heap-buffer-overflow
    else
        planted "$emulator" tests::planted_misaligned "misaligned address"
    fi
done
exit "$failed"
