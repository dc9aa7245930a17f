#!/bin/sh
# Back up an embedded desk, while it runs, and keep the newest:  backup.sh FOLDER [KEEP]
# For cron or a systemd timer, as the user the desk runs as. FRONTDESK_DATA names the desk. KEEP is 14 unless given.
set -eu
folder=${1:?usage: backup.sh FOLDER [KEEP]}
keep=${2:-14}
mkdir -p "$folder"
frontdesk backup "$folder/$(date -u +%Y%m%dT%H%M%SZ)"
# Names are times, so their order is that of the backups.
find "$folder" -mindepth 1 -maxdepth 1 -type d -name '????????T??????Z' | sort -r | tail -n "+$((keep + 1))" |
    while read -r old; do rm -rf "$old"; done
