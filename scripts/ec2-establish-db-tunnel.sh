#!/bin/sh
# Opens an SSH tunnel to a PostgreSQL that listens on its own machine only:
#   ./ec2-establish-db-tunnel.sh <address of the machine> <identity file>
# Then it is at 127.0.0.1:5000 (LOCAL_DATABASE_PORT), for this machine only, until ec2-close-db-tunnel.sh.
# REMOTE_DATABASE_PORT (5432) is its port there, EC2_USER_NAME (ubuntu) the user of the machine.
set -eu

fail() {
  echo "$1" >&2
  exit 1
}

if [ $# -ne 2 ]; then
  echo "Usage: $0 <address of the machine> <identity file>" >&2
  exit 1
fi
address=$1
identity=$2
local_port=${LOCAL_DATABASE_PORT:-5000}
remote_port=${REMOTE_DATABASE_PORT:-5432}
user=${EC2_USER_NAME:-ubuntu}

case $address in
  -* | *[!A-Za-z0-9.:_-]*) fail "The address must be a name or an IP address, not: $address" ;;
esac
for port in "$local_port" "$remote_port"; do
  case $port in
    '' | *[!0-9]*) fail "LOCAL_DATABASE_PORT and REMOTE_DATABASE_PORT must be ports, not: $port" ;;
  esac
done
[ -f "$identity" ] || fail "There is no identity file $identity."
[ -r "$identity" ] || fail "The identity file $identity cannot be read."

# SSH's own socket to the tunnel: tells whether it is open, and closes it.
sockets=${XDG_RUNTIME_DIR:-$HOME/.ssh}
[ -d "$sockets" ] || mkdir -m 700 "$sockets"
socket=$sockets/kronus-db-tunnel-$local_port
if ssh -S "$socket" -O check tunnel 2>/dev/null; then
  fail "A tunnel is open on port $local_port already; close it by ec2-close-db-tunnel.sh, or set LOCAL_DATABASE_PORT."
fi
rm -f "$socket"

ssh -f -N -M -S "$socket" \
  -o ExitOnForwardFailure=yes -o ConnectTimeout=10 -o ServerAliveInterval=30 \
  -i "$identity" -L "127.0.0.1:$local_port:127.0.0.1:$remote_port" "$user@$address" ||
  fail "The tunnel could not be opened; see above."
echo "The database is at 127.0.0.1:$local_port: DATABASE_HOST=127.0.0.1 DATABASE_PORT=$local_port"
