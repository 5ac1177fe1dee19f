#!/bin/sh
# Prints the queue, by smtpctl(8) inside the relay's private root: one envelope a line, its fields with bars between.
set -eu
chroot "$WAXSEAL_ROOT" /usr/sbin/smtpctl show queue |
    awk -F'|' '
        # A report on its way to the sender; what it names is the message it is about.
        $3 == "bounce" { printf "%s\t%s\n", $1, $5; next }
        {
            reason = $0
            for (field = 1; field < 13; field++) sub(/^[^|]*\|/, "", reason)
            printf "%s\t%s\t%s\n", $1, $7, reason
        }'
