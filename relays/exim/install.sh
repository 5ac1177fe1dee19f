#!/bin/sh
# Finishes the unpacked Exim: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

mkdir -p etc/exim4 var/spool/exim4 var/log/exim4 var/mail

chroot . usr/sbin/exim4 -C /dev/null -bV 2>/dev/null | grep -q '^Exim version' || {
    echo "the unpacked Exim does not run" >&2
    exit 1
}
