#!/bin/sh
# Installs a Docker Engine >= 26 on Debian or Ubuntu, as root, from the distribution's own archives.
#
# Why not the distribution's default package everywhere: bookworm ships Engine 20.10, which Inspect refuses (< 24.0.6) and which
# leaks DNS from internal networks (CVE-2024-29018, closed in 26). Debian trixie ships 26.1.5, so a bookworm host takes that one
# package set from trixie, pinned so that nothing else moves there.
set -eu

say() { printf '%s\n' "$*" >&2; }

if [ "$(id -u)" -ne 0 ]; then
    say "Docker Engine >= 26 is not installed, and installing it needs root: run this as root, or install Docker Engine yourself."
    exit 2
fi
. /etc/os-release
case "${ID:-}:${VERSION_CODENAME:-}" in
debian:bookworm) suite=trixie ;;
debian:* | ubuntu:*) suite= ;;
*)
    say "Docker Engine >= 26 is not installed, and this script knows Debian and Ubuntu only: install it with your system's package manager (docker-ce or moby-engine), then run the command again."
    exit 2
    ;;
esac

packages="docker.io iptables ca-certificates"
export DEBIAN_FRONTEND=noninteractive
if [ -n "$suite" ]; then
    # The mirror that this machine already uses; no host is named here.
    mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1 || true)
    [ -n "$mirror" ] || mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ' ' '\n' | grep -m 1 -E '/debian/?$')
    [ -n "$mirror" ] || { say "No Debian mirror found in /etc/apt: add one, or install Docker Engine >= 26 yourself."; exit 2; }
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
fi
apt-get update -qq
# shellcheck disable=SC2086  # a list of package names
apt-get install -y -qq --no-install-recommends $packages
dockerd --version
