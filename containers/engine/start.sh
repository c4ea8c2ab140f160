#!/bin/sh
# Starts the Docker Engine when none answers, and waits until it does. Leaves a running one alone.
#
# Where systemd runs the host it starts the service; elsewhere (containers, minimal machines) dockerd goes to the background.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
log=${TMPDIR:-/tmp}/honeyweights-dockerd.log
pidfile=/var/run/docker.pid
containerd=/var/run/docker/containerd/containerd.pid

answers() { "${PYTHON:-python3}" "$here/ask.py" >/dev/null; }
# Pid files that a killed engine left behind may name somebody else's process by now, or a zombie, and a new engine would then refuse to start.
runs() { # PIDFILE NAME
    [ -f "$1" ] && sed -n 1,3p "/proc/$(cat "$1")/status" 2>/dev/null | tr '\n' ' ' | grep -q "^Name:.$2 .*State:.[^ZX]"
}

answers && exit 0
if [ -n "${DOCKER_HOST:-}" ]; then
    echo "No Docker Engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to use this machine's." >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "No Docker Engine answers to this user, and starting one needs root: start it (sudo systemctl start docker) or join the group docker, then run the command again." >&2
    exit 2
fi
echo "Starting the Docker Engine"
if [ -d /run/systemd/system ]; then
    systemctl start docker
elif ! runs "$pidfile" dockerd; then
    rm -f "$pidfile"
    runs "$containerd" containerd || rm -f "$containerd"
    setsid dockerd >"$log" 2>&1 </dev/null &
fi
tries=0
until answers; do
    tries=$((tries + 1))
    if [ "$tries" -gt 150 ]; then
        echo "The Docker Engine did not answer within 30 s. Its last words ($log):" >&2
        tail -n 5 "$log" >&2 || true
        exit 2
    fi
    sleep 0.2
done
