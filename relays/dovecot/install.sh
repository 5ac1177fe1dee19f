#!/bin/sh
# Finishes the unpacked Dovecot: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

mkdir -p home
chown 9333:9333 home

chroot . usr/sbin/dovecot --version >/dev/null 2>&1 || {
    echo "the unpacked Dovecot does not run" >&2
    exit 1
}
