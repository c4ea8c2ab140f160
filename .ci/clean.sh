#!/bin/bash
# Removes what our worlds left behind: containers and volumes with our label. Nothing without it is looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -x .venv/bin/inspect ]; then
    echo "Nothing to clean: there is no .venv yet."
    exit 0
fi
.venv/bin/inspect sandbox cleanup honeyweights
