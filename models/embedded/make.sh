#!/usr/bin/env bash
# Makes the embedded model again, from nothing but this repository:
#
#     models/embedded/make.sh FOLDER
#
# FOLDER gets the text, the untrained model and the training, which goes on where it was when this
# is run again. The result is in FOLDER/sft/model; the files of this folder are a copy of it. Two
# cores take about an hour and a half. The bytes are the same on any number of threads; another kind
# of processor may round elementary functions otherwise.
set -euo pipefail
folder=${1:?usage: models/embedded/make.sh FOLDER}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cargo build --release
heedful=$PWD/target/release/heedful
cd "$folder"

"$heedful" data demonstrate --rows 250000 --seed 1 --out chats.jsonl
"$heedful" data demonstrate --rows 1000 --first 1000000 --seed 1 --out dev.jsonl
head -n 20000 chats.jsonl >words.jsonl
[ -d base ] || "$heedful" models new --data words.jsonl --out base
[ -d sft/model ] || "$heedful" train sft --model base --data chats.jsonl --dev dev.jsonl --out sft \
    --tokens 4096 --length 512 --rate 2e-3 --warmup 100 --weight-decay 0.1 \
    --evaluate-every 250 --save-every 250 --dtype bf16
"$heedful" models show sft/model
