"""The compiled inner loops, where they are: `kernel.so` beside this file, built with the sidecar's image, or here by running this module.

Nothing is compiled while an assay runs. Where there is no library, `KERNEL` is None and numpy does the same work with the same answers,
some three times slower.
"""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HERE = Path(__file__).resolve()
_LIBRARY = _HERE.with_name("kernel.so")
_SOURCES = tuple(_HERE.with_name(name) for name in ("kernel.c", "matching.c", "reading.c"))
FLAGS = ("-std=c17", "-O3", "-fPIC", "-shared")

_P, _S, _N, _I = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64, ctypes.c_int
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "hw_select": (_N, (_P, _N, _I, ctypes.c_uint16, ctypes.c_uint16, _P)),
    "hw_few": (_N, (_P, _N, _N, ctypes.c_uint16, ctypes.c_uint16, _P)),
    "hw_count": (None, (_P, _N, _P, _N, _P)),
    "hw_count_each": (None, (_P, _P, _P, _N, _P, _N, _P)),
    "hw_printable": (None, (_P, _N, _N, _P)),
    "hw_select_forms": (_N, (_P, _N, _P, _P)),
    "hw_fill": (_N, (_P, _P, _N, ctypes.c_uint64, _I, _P)),
    "hw_mark": (None, (_P, _P, _N, ctypes.c_uint64, _I, _P)),
    "hw_marked": (_N, (_P, _N, _P, ctypes.c_uint64, _I, _P, _P)),
    "hw_match": (None, (_P, _N, _P, _N, _P, _P, _N, _P, _P, _P, _P)),
    "hw_resync": (None, (_P, _N, _P, _N, _P, _P)),
    "hw_gaps": (_N, (_P, _N, _P)),
    "hw_runs": (_N, (_P, _P, _N, _P, _P, _P)),
    "hw_unzip": (None, (_P, _N, _P, _P)),
    "hw_rows": (_N, (_S, _N, _S, _N, _N, _P, _N, _P)),
    "hw_gather": (None, (_S, _S, _S, _P, _N, _N, _S, _P)),
    "hw_find": (_N, (_P, _I, _P, _N, _P, _I, _P, _P, _P, _P, _I, _P)),
    "hw_histogram": (None, (_P, _N, _N, _P)),
    "hw_kinds": (None, (_P, _N, _N, ctypes.c_int32, _P)),
}


def load(library: Path = _LIBRARY) -> Any:  # a ctypes library has no type of its own
    """The library with its signatures, or None where it was not built, or was built of an older source."""
    if not library.is_file():
        return None
    kernel = ctypes.CDLL(str(library))
    if not all(hasattr(kernel, name) for name in _SIGNATURES):
        return None
    for name, (gives, takes) in _SIGNATURES.items():
        function = getattr(kernel, name)
        function.restype, function.argtypes = gives, takes
    return kernel


def build(library: Path = _LIBRARY) -> bool:
    """Compiles the library; false where this machine has no C compiler.

    Raises:
        CalledProcessError: the compiler refused.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return False
    subprocess.run([compiler, *FLAGS, "-o", str(library), *map(str, _SOURCES)], check=True)
    return True


def address(array: NDArray[Any]) -> int:
    """Where an array that lies in one piece begins."""
    flags = array.flags
    assert flags.c_contiguous  # noqa: S101  # a caller's mistake, never input
    if flags.writeable and array.size:  # four times as fast, and asked for a hundred thousand times
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]  # an array is a buffer
    return int(array.ctypes.data)


def room(size: int) -> NDArray[np.int64]:
    """Uninitialised room for so many positions; at least one, for a loop without branches writes one more than it keeps."""
    return np.empty(size + 1, np.int64)


KERNEL = load()

if __name__ == "__main__":
    sys.exit(0 if build() else "No C compiler is here (cc): the assay works without, some three times slower.")
