"""The table of decoders. The search runs them in this order over what is still unexplained, at every level of nesting."""

from honeyweights.evidence.assay.decode import Decoder
from honeyweights.evidence.assay.inflate import inflate, magics
from honeyweights.evidence.assay.text import BASE64, HEX, escaped_text, hex_text, reader, text, unescape

DECODERS: tuple[Decoder, ...] = (
    Decoder(name="gzip", probe=magics, decode=inflate),
    Decoder(name="percent", probe=escaped_text, decode=unescape),
    Decoder(name="hex", probe=hex_text, decode=reader(HEX), alternatives=True),
    Decoder(name="base64", probe=text, decode=reader(BASE64), alternatives=True),
)
