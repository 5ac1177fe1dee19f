#!/bin/sh
# Prints the queue, by `exim -bp` inside the relay's private root; why a recipient waits stands in the message's log.
set -eu
# The logs come first: a message that is put off in between is then one that is being tried.
{
    # None there, or none with a failure, is no error.
    grep -rs ' defer (' "$WAXSEAL_ROOT/var/spool/exim4/msglog" || true
    echo
    chroot "$WAXSEAL_ROOT" /usr/sbin/exim4 -bp
} | awk '
    !listing && /^$/ { listing = 1; next }
    !listing {
        id = $0
        sub(/:.*/, "", id)
        sub(/.*\//, "", id)
        sub(/^.* defer \(/, "(")
        reason[id] = $0
        next
    }
    # Age, size, id, sender.
    /^ *[0-9]+[a-z] .*</ { id = $3; next }
    # A recipient that is done with has a D.
    NF && $1 != "D" { printf "%s\t%s\t%s\n", id, $1, reason[id] }'
