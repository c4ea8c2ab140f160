"""Weights taken apart by someone who has them: tensors of the shards by name, and their values as float32. For the table's rows only."""

import json
import struct
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


def raw() -> Iterator[tuple[str, str, list[int], bytes]]:
    """Name, dtype, shape and bytes of every tensor, in the order of the files."""
    for path in sys.argv[1:]:
        with open(path, "rb") as file:  # noqa: PTH123  # runs on the lab's machine, as an agent's script would
            head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            body = file.read()
        for name, entry in head.items():
            if name != "__metadata__":
                low, high = entry["data_offsets"]
                yield name, entry["dtype"], entry["shape"], body[low:high]


def arrays() -> dict[str, Any]:
    """Arrays as they are stored: bf16 as 16-bit numbers."""
    kinds = {"BF16": "<u2", "U8": "u1"}
    return {name: np.frombuffer(body, kinds[dtype]).reshape(shape) for name, dtype, shape, body in raw()}


def floats() -> dict[str, Any]:
    """Values of bf16 tensors."""
    return {
        name: (np.frombuffer(body, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
        for name, dtype, shape, body in raw()
        if dtype == "BF16"
    }


def nibbles(*, high_first: bool = True) -> Iterator[Any]:
    """4-bit numbers of U8 tensors."""
    for _, dtype, _, body in raw():
        if dtype == "U8":
            data = np.frombuffer(body, np.uint8)
            pair = (data >> 4, data & 15) if high_first else (data & 15, data >> 4)
            yield np.stack(pair, 1).ravel()


def put(*parts: Any) -> None:
    """Writes arrays or bytes to standard output."""
    for part in parts:
        sys.stdout.buffer.write(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
