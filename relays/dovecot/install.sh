#!/bin/sh
# Finishes the unpacked Dovecot: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

# The numbers are free to choose: only this root knows them.
printf '%s\n' dovecot:x:9331:9331::/usr/lib/dovecot:/usr/sbin/nologin \
    dovenull:x:9332:9332::/nonexistent:/usr/sbin/nologin lab:x:9333:9333::/home:/usr/sbin/nologin >>etc/passwd
printf '%s\n' dovecot:x:9331: dovenull:x:9332: lab:x:9333: >>etc/group
mkdir -p home var/lib/dovecot
chown 9333:9333 home

chroot . usr/sbin/dovecot --version >/dev/null 2>&1 || {
    echo "the unpacked Dovecot does not run" >&2
    exit 1
}
