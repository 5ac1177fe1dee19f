#!/bin/sh
# Finishes the unpacked Exim: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

# The numbers are free to choose: only this root knows them.
printf '%s\n' Debian-exim:x:9321:9321::/var/spool/exim4:/usr/sbin/nologin mail:x:8:8::/var/mail:/usr/sbin/nologin >>etc/passwd
printf '%s\n' Debian-exim:x:9321: mail:x:8: >>etc/group
mkdir -p etc/exim4 var/spool/exim4 var/log/exim4 var/mail

chroot . usr/sbin/exim4 -C /dev/null -bV 2>/dev/null | grep -q '^Exim version' || {
    echo "the unpacked Exim does not run" >&2
    exit 1
}
