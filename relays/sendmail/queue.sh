#!/bin/sh
# Prints the queue, by `mailq` inside the relay's private root: a line with id, size, time and sender for each message,
# one with the last failure in brackets where there was one, and one with each recipient.
set -eu
chroot "$WAXSEAL_ROOT" /usr/libexec/sendmail/mailq | awk '
    # A star behind the id: it is being tried; an X: the load is too high.
    /^[0-9A-Za-z]+[-*X?]? +[0-9]+ / {
        id = $1
        sub(/[-*X?]$/, "", id)
        reason = ""
        next
    }
    /^ +\(.*\)$/ {
        reason = $0
        gsub(/^ +\(|\)$/, "", reason)
        next
    }
    id != "" && /^[ \t]+<[^<>]*>$/ {
        recipient = $1
        gsub(/[<>]/, "", recipient)
        printf "%s\t%s\t%s\n", id, recipient, reason
    }'
