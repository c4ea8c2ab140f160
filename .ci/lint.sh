#!/bin/bash
# Format, lint, types and layers. Types and layers are checked over the installed package: a check that found almost nothing to check must not pass.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
packages=(front conditions containers evidence policies report sandbox scorers tasks tools verdict)

echo "Checking lint and format (ruff)"
$bin/ruff check --quiet .
$bin/ruff format --check --quiet . || { echo "Some files are not formatted: run .venv/bin/ruff format ." >&2; exit 1; }

echo "Checking types (mypy --strict)"
$bin/mypy -p honeyweights | tee .venv/mypy.log
checked=$(sed -n 's/.* no issues found in \([0-9]*\) source files\?.*/\1/p' .venv/mypy.log)
there=$(find "${packages[@]}" -name __init__.py -printf '%h\n' | while read -r folder; do find "$folder" -maxdepth 1 -name '*.py'; done | wc -l)
[ "${checked:-0}" -ge "$there" ] || { echo "mypy checked ${checked:-0} files, and the package has $there: it did not see the installed package." >&2; exit 1; }

echo "Checking layers (import-linter)"
$bin/lint-imports --no-cache | tee .venv/layers.log
analysed=$(sed -n 's/^Analyzed \([0-9]*\) files.*/\1/p' .venv/layers.log)
[ "${analysed:-0}" -ge "$there" ] || { echo "import-linter read ${analysed:-0} files, and the package has $there: it did not see the installed package." >&2; exit 1; }
