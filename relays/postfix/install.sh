#!/bin/sh
# Finishes the unpacked Postfix: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

mkdir -p var/spool/postfix var/lib/postfix
sed 's#\tpostfix-#\t/usr/lib/postfix/postfix-#' usr/share/postfix/dynamicmaps.cf >etc/postfix/dynamicmaps.cf
chown 0:9302 usr/sbin/postdrop usr/sbin/postqueue
chmod 2555 usr/sbin/postdrop usr/sbin/postqueue

chroot . usr/sbin/postconf -dh mail_version >/dev/null 2>&1 || {
    echo "the unpacked Postfix does not run" >&2
    exit 1
}
