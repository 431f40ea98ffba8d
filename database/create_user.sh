#!/bin/sh
# Creates the roles kronus_admin, kronus_manager and kronus_user, and with them the database: `kronus db setup`, which does
# all of it and can run again. Needs ADMIN_PASSWORD, MANAGER_PASSWORD and USER_PASSWORD; the server is that of DATABASE_HOST
# (localhost) and DATABASE_PORT (5432), its superuser DATABASE_USER (postgres) with PGPASSWORD, or DATABASE_SUPERUSER_URL.
set -eu
exec node "$(dirname "$0")/../apps/cli/bin/kronus.mjs" db setup "$@"
