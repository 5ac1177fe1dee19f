#!/bin/sh
# Finishes the unpacked OpenSMTPD: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

mkdir -p var/lib/opensmtpd/empty
chown 0:9312 usr/sbin/smtpctl
chmod 2755 usr/sbin/smtpctl

chroot . usr/sbin/smtpd -h 2>&1 | grep -q '^version:' || {
    echo "the unpacked OpenSMTPD does not run" >&2
    exit 1
}
