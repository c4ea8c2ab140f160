"""The assay as a process: request in, result out, both JSON; exit 1 and one sentence when the input is no request."""

import sys

from pydantic import ValidationError

from honeyweights.evidence.assay import AssayRequest, run


def main() -> int:
    """Reads, runs, prints."""
    try:
        request = AssayRequest.model_validate_json(sys.stdin.buffer.read())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the input"
        print(f"This is no assay request: {where}: {first['msg']}", file=sys.stderr)  # noqa: T201  # the process's whole output
        return 1
    print(run(request).model_dump_json())  # noqa: T201  # likewise
    return 0


if __name__ == "__main__":
    sys.exit(main())
