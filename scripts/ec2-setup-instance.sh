#!/usr/bin/env bash
# Prepares a fresh Ubuntu or Debian machine for Kronus in containers; may be given as the "user data" of an EC2 instance, and
# may run again. Installs the container engine with Compose, PostgreSQL's client and a cloud's command line, and lets CI log in.
# Does not make the database: `docker compose up` does. The security group has to let in TCP 22, 80 and 443.
#
#   CI_PUBLIC_KEY   the public key that CI logs in with (or write it below); none: nobody is added
#   EC2_USER_NAME   who CI logs in as (ubuntu)
#   CLOUD_CLI       google-cloud-cli, aws-cli or none (google-cloud-cli: backups go to Google Cloud Storage)
set -euo pipefail

CI_PUBLIC_KEY=${CI_PUBLIC_KEY:-}
EC2_USER_NAME=${EC2_USER_NAME:-ubuntu}
CLOUD_CLI=${CLOUD_CLI:-google-cloud-cli}

fail() {
  echo "ec2-setup-instance: $1" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail 'must run as root'
case $CLOUD_CLI in google-cloud-cli | aws-cli | none) ;; *) fail "CLOUD_CLI must be google-cloud-cli, aws-cli or none" ;; esac
home=$({ getent passwd "$EC2_USER_NAME" || true; } | cut -d: -f6)
[ -n "$home" ] || fail "there is no user $EC2_USER_NAME; set EC2_USER_NAME"

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
apt-get install --yes --quiet --no-install-recommends ca-certificates cron curl docker.io postgresql-client
# Ubuntu calls it docker-compose-v2; elsewhere the engine's own packages bring it.
docker compose version >/dev/null 2>&1 ||
  apt-get install --yes --quiet --no-install-recommends docker-compose-v2 ||
  apt-get install --yes --quiet --no-install-recommends docker-compose-plugin ||
  fail 'Compose is not in the package lists; install it as https://docs.docker.com/compose/install/ says'

if [ "$CLOUD_CLI" != none ] && ! command -v gcloud >/dev/null && ! command -v aws >/dev/null; then
  command -v snap >/dev/null || apt-get install --yes --quiet --no-install-recommends snapd
  snap install "$CLOUD_CLI" --classic
fi

# Without sudo, for the deployment and scripts/service-monitoring.sh.
usermod --append --groups docker "$EC2_USER_NAME"
if command -v systemctl >/dev/null; then systemctl enable --now docker; fi

if [ -n "$CI_PUBLIC_KEY" ]; then
  keys=$home/.ssh/authorized_keys
  install --directory --owner="$EC2_USER_NAME" --group="$EC2_USER_NAME" --mode=0700 "$home/.ssh"
  touch "$keys"
  grep --quiet --fixed-strings --line-regexp -- "$CI_PUBLIC_KEY" "$keys" || echo "$CI_PUBLIC_KEY" >>"$keys"
  chown "$EC2_USER_NAME:$EC2_USER_NAME" "$keys"
  chmod 0600 "$keys"
fi

install --directory --owner="$EC2_USER_NAME" --group="$EC2_USER_NAME" --mode=0750 "$home/kronus"
echo "ready: put docker-compose.yml, deploy/ and .env into $home/kronus, then deploy/deploy.sh TAG"
