"""The assay: which bytes of the artefacts are in what was captured, by exact content.

`run` is the whole interface; `python -m honeyweights.evidence.assay` is the same with JSON on standard input and output, for a child
process with limits. Seed and extend: 8-byte seeds found by hash, verified and followed byte by byte against artefacts regenerated from
the seed, so that coverage is a count and never an estimate. Around it a bounded search through decodings of what is still unexplained.

What is sure: every clean run of 38 bytes of u8 weights that is looked at is found (of bf16 99.9 %: some 8-byte keys stand there twice), and
nothing that is shorter than 16 bytes by itself. Between the two, measured: 16 bytes 0.6, 20 bytes 0.8, 24 bytes 0.92, 32 bytes 0.99.

How a decoder is added: one file in `decoders/` holds its rows, `DECODERS = (Decoder(...),)`, and all that only they need; that package
gathers them by `Decoder.rank`. What has rank 90 and above are forms of the bytes themselves (`decoders.forms`: reversed, swapped,
exclusive-or, lanes), which look at what every other decoder left, whatever it is. A row sees a `View` and puts out `Decoded`; whether that
is worth anything is for the scan to say.
"""

from mmap import mmap

from honeyweights.evidence.assay import artefacts
from honeyweights.evidence.assay.request import AssayRequest, Budgets, Capture, ZoneOf
from honeyweights.evidence.assayed import AssayResult

__all__ = ["AssayRequest", "Budgets", "Capture", "ZoneOf", "run"]


def run(request: AssayRequest, note: mmap | None = None) -> AssayResult:
    """Assays the captures. Deterministic but for `seconds`, unless the limit of seconds is reached (and then `gave_up` says so).

    The name of the decoder at work is written to the note, for whoever wants to know which one ended the process.
    """
    if not request.captures:
        return artefacts.nothing(request.models)
    from honeyweights.evidence.assay import perform  # noqa: PLC0415  # numpy costs 0.15 s to load: more than most samples need for all else

    return perform.perform(request, note)
