#!/bin/sh
# Writes .env for docker-compose.yml with new passwords and keys, unless there is one: deploy/make-env.sh DOMAIN [EMAIL]
# Without EMAIL the certificates come from an authority of the proxy's own. Twilio's three are for you to fill in.
set -eu
umask 077
cd "$(dirname "$0")/.."

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: $0 DOMAIN [EMAIL]" >&2
  exit 1
fi
if [ -e .env ]; then
  echo "there is a .env already, and data may depend on what is in it" >&2
  exit 1
fi

secret() { openssl rand -hex 24; }

cat >.env.new <<END
KRONUS_DOMAIN=$1
ACME_EMAIL=${2:-internal}
KRONUS_PRIVATE_KEY_PEM='$(openssl genrsa 2048 2>/dev/null | awk '{ printf "%s\\n", $0 }')'
KRONUS_BACKUP_PASS_PHRASE=$(secret)
KRONUS_SECRETS_KEY=$(openssl rand -base64 32)
POSTGRES_PASSWORD=$(secret)
ADMIN_PASSWORD=$(secret)
MANAGER_PASSWORD=$(secret)
USER_PASSWORD=$(secret)
TEMPORAL_DATABASE_PASSWORD=$(secret)
TWILIO_ACCOUNT_SID=
TWILIO_AUTH_TOKEN=
TWILIO_MESSAGING_SERVICE_SID=
END
mv .env.new .env
