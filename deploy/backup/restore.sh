#!/bin/sh
# Put the newest backup of a folder back where there is no desk:  restore.sh FOLDER
# FRONTDESK_DATA names where to. Move a desk that is there away first; it may still be of use.
set -eu
folder=${1:?usage: restore.sh FOLDER}
newest=$(find "$folder" -mindepth 1 -maxdepth 1 -type d -name '????????T??????Z' | sort | tail -n 1)
[ -n "$newest" ] || { echo "There is no backup in $folder." >&2; exit 1; }
frontdesk restore "$newest"
frontdesk doctor
