#!/bin/sh
# Prints the queue, by mailq(1) inside the relay's private root: `size;id;date;user;from;status;recipient;...` with an
# empty status for a recipient that waits. Why it waits stands in the log alone, in the line before `status: deferred`.
set -eu
queue=$(chroot "$WAXSEAL_ROOT" /usr/bin/mailq -batch)
printf '%s\n' "$queue" | awk -F';' '
    FILENAME != "-" {
        if (!match($0, /id=[0-9A-F.]+,/)) next
        id = substr($0, RSTART + 3, RLENGTH - 4)
        if (!match($0, /,addr=<[^>]*>/)) next
        key = id " " substr($0, RSTART + 7, RLENGTH - 8)
        rest = substr($0, RSTART + RLENGTH)
        if (rest == ",status: deferred") reason[key] = said[key]
        else if (sub(/^: /, "", rest)) said[key] = rest
        next
    }
    /^messages: / { next }
    {
        for (field = 6; field < NF; field += 2) {
            if ($field != "") continue
            text = reason[$2 " " $(field + 1)]
            printf "%s\t%s\t%s\n", $2, $(field + 1), text
        }
    }' "$WAXSEAL_DIR/relay.log" -
