#!/bin/sh
# Creates the database, or brings its roles and rights back to what they should be: the same as create_user.sh, because
# `kronus db setup` makes both and can run again.
set -eu
exec "$(dirname "$0")/create_user.sh" "$@"
