#!/bin/bash
# Removes what our worlds and our tests left behind: containers and volumes with our label. Nothing without it is looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -x .venv/bin/inspect ]; then
    echo "Nothing to clean: there is no .venv yet."
    exit 0
fi
.venv/bin/inspect sandbox cleanup honeyweights
# What a test makes beside worlds (a workstation with a recorder and no internet, say) carries this label and no world's id.
made() { docker "$1" ls --quiet "${@:2}" --filter label=honeyweights.dev; }
made container --all | xargs -r docker container rm --force --volumes >/dev/null
made volume | xargs -r docker volume rm --force >/dev/null
