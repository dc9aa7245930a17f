#!/bin/sh
# Put a backup back into an empty database:  postgresql-restore.sh FROM
# FRONTDESK_DATABASE_URL names the database. Nothing of the desk may run. All of it is put back or nothing.
set -eu
from=${1:?usage: postgresql-restore.sh FROM}
(cd "$from" && sha256sum --check --quiet SHA256SUMS)
tables=$(psql --dbname="${FRONTDESK_DATABASE_URL:?}" --no-psqlrc --tuples-only --no-align \
    --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
[ "$tables" = 0 ] || { echo "The database is not empty: make a new one and name that." >&2; exit 1; }
pg_restore --dbname="$FRONTDESK_DATABASE_URL" --no-owner --no-privileges --single-transaction --exit-on-error \
    "$from/database.dump"
psql --dbname="$FRONTDESK_DATABASE_URL" --no-psqlrc --quiet --command="ANALYZE"
