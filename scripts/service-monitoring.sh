#!/bin/sh
# Asks a Kronus in a container how it is, and restarts it when it does not answer 200. Says nothing while all is well.
#
# Run it from cron as root, or as a user who may run docker, for example every five minutes:
#
#   */5 * * * * SERVICE_PORT=3900 SERVICE_NAME=kronus-api-1 /opt/kronus/scripts/service-monitoring.sh
#
#   SERVICE_NAME      exact name of the container, or of the service where COMPOSE_FILE is set (api)
#   SERVICE_PORT      port on this machine (3900)
#   SERVICE_ENDPOINT  what stands before /healthcheck (v1)
#   SERVICE_HOST      address on this machine (127.0.0.1)
#   COMPOSE_FILE      the docker-compose.yml of the service; without it the container is restarted by plain docker
#
# Code 0: well, or restarted. Code 1: it could not be restarted. Kronus answers something else than 200 only without its
# database; when that is the cause, a restart does no harm and no good.
set -eu

SERVICE_NAME=${SERVICE_NAME:-api}
SERVICE_PORT=${SERVICE_PORT:-3900}
SERVICE_ENDPOINT=${SERVICE_ENDPOINT:-v1}
SERVICE_HOST=${SERVICE_HOST:-127.0.0.1}
COMPOSE_FILE=${COMPOSE_FILE:-}

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $SERVICE_NAME: $*"; }

# Kronus answers within two seconds; whoever is busy gets some more. A second look spares a restart for one lost packet.
status() {
  curl --silent --output /dev/null --max-time 10 --retry 1 --retry-delay 1 --retry-connrefused \
    --write-out '%{http_code}' "http://$SERVICE_HOST:$SERVICE_PORT/$SERVICE_ENDPOINT/healthcheck" || true
}

restart() {
  if [ -n "$COMPOSE_FILE" ]; then
    docker compose --file "$COMPOSE_FILE" restart "$SERVICE_NAME" >/dev/null
    return
  fi
  # Docker takes the beginning of an id for a name: only the container with exactly this name is meant.
  id=$(docker ps --all --no-trunc --quiet --filter "name=^/?$SERVICE_NAME\$")
  if [ -z "$id" ]; then
    say 'there is no such container' >&2
    return 1
  fi
  docker restart "$id" >/dev/null
}

answer=$(status)
[ "$answer" = 200 ] && exit 0
say "answers $answer; restarting it"
if restart; then say 'restarted'; else
  say 'could not be restarted' >&2
  exit 1
fi
