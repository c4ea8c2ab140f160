"""Bytes written in an alphabet: hex, base64."""

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.text import BASE64, HEX, blocks, reader, text
from honeyweights.evidence.assay.texture import share

_HEX_SHARE = 0.9


def hex_text(view: View) -> Ranges:
    """Text of which, white space apart, nine tenths are hexadecimal digits."""
    digits = np.zeros(256, np.bool_)
    digits[list(HEX.alphabet + b" \t\r\n")] = True
    return blocks(view, lambda data: share(digits[data]) >= _HEX_SHARE)


DECODERS = (
    Decoder(name="hex", rank=65, probe=hex_text, decode=reader(HEX), alternatives=True),
    Decoder(name="base64", rank=68, probe=text, decode=reader(BASE64), alternatives=True),
)
