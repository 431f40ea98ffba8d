#!/bin/sh
# Closes the tunnel of ec2-establish-db-tunnel.sh on port 5000 (LOCAL_DATABASE_PORT).
set -eu

if [ $# -ne 0 ]; then
  echo "Usage: $0 (the port is LOCAL_DATABASE_PORT)" >&2
  exit 1
fi
local_port=${LOCAL_DATABASE_PORT:-5000}
case $local_port in
  '' | *[!0-9]*)
    echo "LOCAL_DATABASE_PORT must be a port, not: $local_port" >&2
    exit 1
    ;;
esac

socket=${XDG_RUNTIME_DIR:-$HOME/.ssh}/kronus-db-tunnel-$local_port
if ! ssh -S "$socket" -O exit tunnel 2>/dev/null; then
  echo "No tunnel is open on port $local_port." >&2
  exit 1
fi
echo "The tunnel on port $local_port is closed."
