#!/bin/sh
# Removes one message from the queue: discard.sh ID. One that is being tried is removed once that is over.
set -eu
id=$1
removed() { /usr/sbin/chroot "$WAXSEAL_ROOT" /usr/sbin/exim4 -Mrm "$id" 2>&1; }
for _ in 1 2 3 4 5 6 7 8 9 10; do
    said=$(removed) || true
    case $said in
    *' has been removed'* | *'not found'* | *'No such file'* | *'does not exist'* | *'spool read error'*) exit 0 ;;
    esac
    sleep 0.2
done
echo "$said" >&2
exit 1
