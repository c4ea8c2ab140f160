#!/bin/sh
# Installs a Docker Engine >= 26 on Debian or Ubuntu, as root, from the distribution's own archives.
#
# Why not the distribution's default package everywhere: bookworm ships Engine 20.10, which Inspect refuses (< 24.0.6) and which
# leaks DNS from internal networks (CVE-2024-29018, closed in 26). Debian trixie ships 26.1.5, so a bookworm host takes that one
# package set from trixie, pinned so that nothing else moves there.
#
# `install.sh compose` installs the compose plugin too: nothing here uses it but the benchmark, which runs Inspect's own provider beside ours.
set -eu

stop() { printf '%s\n' "$*" >&2; exit 2; }
# One line a package, so that a long download is seen to move; the whole of apt's words stay in the log for a failure.
log=${TMPDIR:-/tmp}/honeyweights-apt.log
apt() {
    { apt-get -o Dpkg::Use-Pty=0 "$@" 2>&1 </dev/null || echo "apt-failed"; } | tee "$log" | sed -nu 's/^Setting up \([^ ]*\).*/    \1/p'
    if grep -q '^apt-failed$' "$log"; then
        tail -n 8 "$log" >&2
        stop "apt-get $1 failed (its last words stand above): put that right, then run the command again."
    fi
}

[ "$(id -u)" -eq 0 ] ||
    stop "Docker Engine >= 26 is not installed, and installing it needs root: run this as root, or install Docker Engine yourself."
[ -r /etc/os-release ] && . /etc/os-release
case "${ID:-}:${VERSION_CODENAME:-}" in
debian:bookworm) suite=trixie ;;
debian:* | ubuntu:*) suite= ;;
*) stop "Docker Engine >= 26 is not installed, and this script knows Debian and Ubuntu only: install it with your system's package manager (docker-ce or moby-engine), then run the command again." ;;
esac

packages="docker.io iptables ca-certificates"
export DEBIAN_FRONTEND=noninteractive
echo "Installing Docker Engine by apt (about 100 MB)"
apt update
if [ -n "$suite" ]; then
    # The mirror that this machine already uses; no host is named here.
    mirror=$(grep -rhoE '^deb .*https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | grep -oE 'https?://[^ ]+' | head -n 1 || true)
    [ -n "$mirror" ] || mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ' ' '\n' | grep -m 1 -E '/debian/?$' || true)
    [ -n "$mirror" ] || stop "No Debian mirror found in /etc/apt: add one, or install Docker Engine >= 26 yourself."
    apt install -y --no-install-recommends debian-archive-keyring # its first bookworm release lacks the keys that sign trixie
    cat >/etc/apt/sources.list.d/honeyweights-engine.sources <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    cat >/etc/apt/preferences.d/honeyweights-engine <<PINS
Package: *
Pin: release n=$suite
Pin-Priority: 50

Package: docker.io docker-cli docker-buildx docker-compose
Pin: release n=$suite
Pin-Priority: 600
PINS
    packages="$packages docker-cli"
    compose="docker-compose docker-buildx"
    apt update
else
    compose="docker-compose-v2 docker-buildx"
    [ "$ID" = ubuntu ] || { packages="$packages docker-cli"; compose="docker-compose docker-buildx"; }
fi
[ "${1:-}" != compose ] || packages="$packages $compose"
# shellcheck disable=SC2086  # a list of package names
apt install -y --no-install-recommends $packages
dockerd --version
