#!/bin/bash
# Makes .venv and installs the package into it, editable; `venv.sh dev` adds what the tests need. Nothing to do: says nothing, takes a moment.
#
# Two stamps. `requirements` is pyproject.toml as it was installed. `links` is the list of the package's files: a strict editable install (the one that
# mypy, import-linter and data files can see) is a tree of links, one for each file, and has to be laid again when a file comes or goes.
set -euo pipefail
cd "$(dirname "$0")/.."

extras=${1:-}
python=${PYTHON:-python3}
log=.venv/install.log

stop() { printf '%s\n' "$*" >&2; exit 2; }

ensure_python() {
    if ! command -v "$python" >/dev/null || ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] ||
            stop "Python 3.11 or newer with its venv module is needed, and installing it needs apt and root: install python3 and python3-venv, then run the command again."
        echo "Installing Python by apt"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv ca-certificates; } \
            >/tmp/honeyweights-apt.log 2>&1 </dev/null || { tail -n 5 /tmp/honeyweights-apt.log >&2; stop "apt could not install python3 and python3-venv: put that right, then run the command again."; }
    fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "Python 3.11 or newer is needed, and $python is $("$python" -V | cut -d' ' -f2): install a newer one, and name it with PYTHON=… (make PYTHON=python3.12 demo)."
}

# pip's own words go to a log; what is seen is one line a package, so that a slow index is seen to move.
install() {
    : >"$log.now"
    .venv/bin/python -m pip install --disable-pip-version-check "$@" >"$log.now" 2>&1 &
    local pip=$!
    tail -n +1 -f --pid=$pip "$log.now" 2>/dev/null | sed -nu -e 's/^ *Collecting \([A-Za-z0-9._-]*\).*/    \1/p' -e 's,^ *Processing .*/\([A-Za-z0-9._]*\)-.*,    \1,p' -e 's/^Installing collected packages.*/    unpacking them/p' || true # only a show: pip's own exit code decides
    wait $pip || { tail -n 8 "$log.now" >&2; stop "pip could not install the packages (its last words stand above): check the package index that pip is set up to use, then run the command again."; }
    cat "$log.now" >>"$log"
    rm -f "$log.now"
}

fingerprint() { sha256sum | cut -c1-16; }
packages=(front conditions containers evidence policies report sandbox scorers tasks tools verdict)
requirements=$({ cat pyproject.toml; pwd; } | fingerprint)
links=$({ cat pyproject.toml; pwd; find "${packages[@]}" -name __pycache__ -prune -o -name '*.so' -o -type f -print | LC_ALL=C sort; } | fingerprint)
stamped() { [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$2" ]; }

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    ensure_python
    echo "Making a Python environment in .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi
if ! stamped requirements-dev "$requirements" && { [ -n "$extras" ] || ! stamped requirements "$requirements"; }; then
    echo "Installing Python packages into .venv (a few minutes the first time)"
    install 'setuptools>=77'
    rm -rf build .mypy_cache # mypy remembers modules that were not there
    install --no-build-isolation --config-settings editable_mode=strict -e ".${extras:+[$extras]}"
    echo "$requirements" >".venv/stamp-requirements${extras:+-$extras}"
    echo "$links" >.venv/stamp-links
fi
if ! stamped links "$links"; then
    echo "Files of the package came or went: linking them into .venv"
    rm -rf build .mypy_cache
    install --no-build-isolation --no-deps --config-settings editable_mode=strict -e .
    echo "$links" >.venv/stamp-links
fi
# The assay's inner loops: the images always have them, and numpy does the same more slowly where no compiler is, or it refuses.
if [ -n "$extras" ] && { command -v cc || command -v gcc; } >/dev/null; then
    for source in evidence/assay/{kernel,matching,reading}.c; do
        [ "$source" -nt evidence/assay/kernel.so ] || continue
        echo "Compiling the assay's inner loops"
        .venv/bin/python -m honeyweights.evidence.assay.native || { rm -f evidence/assay/kernel.so; echo "They could not be compiled: the tests go on without, slower."; }
        break
    done
fi
