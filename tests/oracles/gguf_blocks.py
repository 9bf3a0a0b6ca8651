"""Records what the PyPI package `gguf` makes of random blocks of each quantised type.

usage: gguf_blocks.py > tests/oracles/recorded/gguf_blocks.json

Needs: gguf, numpy. Blocks and values are hexadecimal bytes, values little-endian f32.
"""

import json

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where a block's f16 scales lie: they are drawn as numbers, all other bytes at random.
SCALES = {
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
}


def main():
    rng = np.random.default_rng(7)
    rows = []
    for name, scales in SCALES.items():
        kind = GGMLQuantizationType[name]
        _, size = GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (2, size), dtype=np.uint8)
        for at in scales:
            drawn = rng.normal(0, 0.1, (2, 1)).astype("<f2")
            blocks[:, at : at + 2] = drawn.view(np.uint8)
        values = dequantize(blocks.reshape(-1), kind).astype("<f4")
        rows.append({"type": name, "blocks": blocks.tobytes().hex(), "f32": values.tobytes().hex()})
    print(json.dumps(rows, indent=0))


main()
