#!/bin/sh
# Back up a desk on PostgreSQL, while it runs:  postgresql-backup.sh TO
# FRONTDESK_DATABASE_URL names the database; pg_dump is of its version or newer. TO is a folder that is not there.
# The blobs are in the S3 store and the key in your secrets: docs/OPERATING.md says how each is kept.
set -eu
umask 077
to=${1:?usage: postgresql-backup.sh TO}
[ ! -e "$to" ] || { echo "$to is there already: name a folder that is not." >&2; exit 1; }
partial=$to.partial
rm -rf "$partial"
mkdir -p "$partial"
# One consistent snapshot. Later than it, every blob that it names is in the S3 store.
pg_dump --dbname="${FRONTDESK_DATABASE_URL:?}" --format=custom --no-owner --no-privileges \
    --file="$partial/database.dump"
# Read through once, so that what is kept can be read.
pg_restore --list "$partial/database.dump" >"$partial/contents.txt"
(cd "$partial" && sha256sum database.dump >SHA256SUMS)
sync "$partial/database.dump" "$partial/SHA256SUMS"
mv "$partial" "$to"
