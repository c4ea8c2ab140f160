#!/bin/bash
# The benchmark runs Inspect's own docker provider beside ours, and that one needs the compose plugin.
set -euo pipefail
cd "$(dirname "$0")/.."
docker compose version >/dev/null 2>&1 && exit 0
# A client that stands earlier on PATH than the distribution's does not look where the distribution puts its plugins.
for folder in /usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins; do
    [ ! -x "$folder/docker-compose" ] || break
done
if [ ! -x "$folder/docker-compose" ]; then
    sh containers/engine/install.sh compose
    for folder in /usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins; do
        [ ! -x "$folder/docker-compose" ] || break
    done
fi
mkdir -p "${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins"
ln -sf "$folder/docker-compose" "${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose"
docker compose version >/dev/null || { echo "The benchmark needs docker's compose plugin: install it, then run the command again." >&2; exit 2; }
