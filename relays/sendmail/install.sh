#!/bin/sh
# Finishes the unpacked Sendmail: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

[ -e usr/bin/sh ] || ln -s dash usr/bin/sh
mkdir -p etc/mail var/run/sendmail

chroot . usr/libexec/sendmail/sendmail -d0.1 -bv -C /dev/null root </dev/null 2>&1 | grep -q '^Version 8' || {
    echo "the unpacked Sendmail does not run" >&2
    exit 1
}
