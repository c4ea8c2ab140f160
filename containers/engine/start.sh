#!/bin/sh
# Starts the Docker Engine when none answers, and waits until it does. Leaves a running one alone.
#
# Where systemd runs the host it starts the service; elsewhere (containers, minimal machines) dockerd goes to the background.
set -eu

socket=${DOCKER_SOCKET:-/var/run/docker.sock}
log=${TMPDIR:-/tmp}/honeyweights-dockerd.log

answers() { [ -S "$socket" ] && docker_ping; }
docker_ping() {
    python3 - "$socket" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(3)
try:
    s.connect(sys.argv[1])
    s.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
    ok = b" 200 " in s.recv(64)
except OSError:
    ok = False
sys.exit(0 if ok else 1)
PY
}

if [ -n "${DOCKER_HOST:-}" ] && [ "$DOCKER_HOST" != "unix://$socket" ]; then
    exit 0 # someone else's engine, elsewhere: nothing to start here
fi
answers && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "The Docker Engine is not running, and starting it needs root: start it (systemctl start docker), then run the command again." >&2
    exit 2
fi
if [ -d /run/systemd/system ]; then
    systemctl start docker
else
    rm -f /var/run/docker.pid
    setsid dockerd >"$log" 2>&1 </dev/null &
fi
i=0
while ! answers; do
    i=$((i + 1))
    if [ "$i" -gt 300 ]; then
        echo "The Docker Engine did not answer within 30 s. Its last words ($log):" >&2
        tail -n 5 "$log" >&2 || true
        exit 2
    fi
    sleep 0.1
done
