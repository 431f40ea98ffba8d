#!/usr/bin/env bash
# Brings one version of Kronus up on this machine: deploy/deploy.sh TAG
# An unknown tag changes nothing. Pulls, migrates, starts, waits until everything is well; when it is not, the version from
# before comes back and the script ends with 1. An older tag is the way back: deploy/deploy.sh OLDER_TAG
set -euo pipefail
cd "$(dirname "$0")/.."

WAIT_SECONDS=${DEPLOY_WAIT_SECONDS:-180}
PAUSE_SECONDS=${DEPLOY_PAUSE_SECONDS:-2}

fail() {
  echo "deploy: $1" >&2
  exit 1
}

[ $# -eq 1 ] || fail 'usage: deploy/deploy.sh TAG'
tag=$1
[[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]] || fail "\"$tag\" is no tag"
[ -f .env ] || fail 'there is no .env; deploy/make-env.sh makes one'

# Two at once would undo each other.
exec 9>.deploy.lock
flock --nonblock 9 || fail 'another deployment is under way'

setting() { sed -n "s/^$1=//p" .env | tail -n 1; }
image=$(setting KRONUS_IMAGE)
image=${image:-kronus}
before=$(setting KRONUS_TAG)

# The environment wins over .env, which keeps the tag of what is known to work.
compose() { KRONUS_TAG=$1 docker compose "${@:2}"; }

docker pull --quiet "$image:$tag" >/dev/null || docker image inspect "$image:$tag" >/dev/null 2>&1 ||
  fail "there is no image $image:$tag; nothing was changed"

# Every container of these services runs, and says that it is well.
is_well() {
  local service container state
  for service in api worker proxy; do
    local containers
    containers=$(compose "$1" ps --all --quiet "$service")
    [ -n "$containers" ] || return 1
    for container in $containers; do
      state=$(docker inspect --format '{{.State.Status}} {{.State.Health.Status}}' "$container") || return 1
      [ "$state" = 'running healthy' ] || return 1
    done
  done
}

bring_up() {
  compose "$1" up --detach --no-build --remove-orphans || return 1
  # What the proxy is told may have changed; this drops no connection.
  compose "$1" exec -T proxy caddy reload --config /etc/caddy/Caddyfile || return 1
  local deadline=$((SECONDS + WAIT_SECONDS))
  until is_well "$1"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep "$PAUSE_SECONDS"
  done
}

# The running version goes on meanwhile: migrations only add.
compose "$tag" run --rm setup || fail "the database could not be prepared for $tag; ${before:-nothing} goes on"

if bring_up "$tag"; then
  # Written beside and renamed, so that a full disk does not leave half a file.
  (
    umask 077
    { grep -v '^KRONUS_TAG=' .env || true; } >.env.new
    echo "KRONUS_TAG=$tag" >>.env.new
  )
  mv .env.new .env
  echo "deploy: $image:$tag runs and is well (before: ${before:-none})"
  exit 0
fi

compose "$tag" logs --tail 50 api worker >&2 || true
[ -n "$before" ] || fail "$tag is not well, and there is no version from before"
echo "deploy: $tag is not well; going back to $before" >&2
bring_up "$before" || fail "neither $tag nor $before is well: look at it now"
fail "$tag is not well; $before runs again"
