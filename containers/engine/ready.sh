#!/bin/sh
# Makes sure that a Docker Engine >= 26 answers: leaves a running one alone, starts an installed one, installs one where there is none.
#
# An engine of somebody else's (DOCKER_HOST) is only asked for its version. One that is too old is never replaced: that is its owner's choice.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
oldest=26

stop() { printf '%s\n' "$*" >&2; exit 2; }
old_enough() { [ "${1%%.*}" -ge "$oldest" ] 2>/dev/null; }

case "$(uname -s) $(uname -m)" in
"Linux x86_64") ;;
*) stop "Worlds run on Linux on x86_64 only (this is $(uname -s) on $(uname -m)): use such a machine, and run the command again there." ;;
esac

command -v "$python" >/dev/null || stop "Python 3 is needed to ask the Docker Engine for its version: install python3, then run the command again."
if version=$("$python" "$here/ask.py"); then
    :
elif [ -n "${DOCKER_HOST:-}" ]; then
    stop "No Docker Engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to use this machine's."
else
    command -v dockerd >/dev/null 2>&1 || sh "$here/install.sh"
    installed=$(dockerd --version | sed -n 's/.*version \([0-9][0-9.]*\).*/\1/p')
    old_enough "$installed" || stop "Docker Engine $installed is installed, $oldest or newer is needed: upgrade it (or remove it, and this command installs one)."
    sh "$here/start.sh"
    version=$("$python" "$here/ask.py") || stop "The Docker Engine was started, and does not answer: see \`docker info\`."
fi
old_enough "$version" ||
    stop "Docker Engine $version is running, $oldest or newer is needed (Inspect refuses older ones, and they leak DNS): upgrade it, or set DOCKER_HOST to a newer one."
printf 'Docker Engine %s answers.\n' "$version"
