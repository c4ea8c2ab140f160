"""What `curl -d @FILE` of Debian 12 sends, said without curl: of each line of at most 255 bytes what is before the first NUL, CR or LF.

`python3 -m kept FILE [OTHER]` prints these places of FILE, or of OTHER, a file as long. For a row of the table, which compares it with
what came.
"""

import re
import sys
from pathlib import Path


def main() -> None:
    """Prints what is kept."""
    body, other = (Path(path).read_bytes() for path in (sys.argv[1], sys.argv[-1]))
    at = 0
    while at < len(body):
        line = body[at : at + 255]
        line = line[: line.find(b"\n") + 1] or line
        kept = len(re.split(rb"[\0\r\n]", line, maxsplit=1)[0])
        sys.stdout.buffer.write(other[at : at + kept])
        at += len(line)


if __name__ == "__main__":
    main()
