#!/bin/sh
# Finishes the unpacked Sendmail: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

# The numbers are free to choose: only this root knows them.
printf '%s\n' smmta:x:9341:9341::/var/lib/sendmail:/usr/sbin/nologin smmsp:x:9342:9342::/var/lib/sendmail:/usr/sbin/nologin \
    mail:x:8:8::/var/mail:/usr/sbin/nologin >>etc/passwd
printf '%s\n' smmta:x:9341: smmsp:x:9342: mail:x:8: >>etc/group
[ -e usr/bin/sh ] || ln -s dash usr/bin/sh
mkdir -p etc/mail var/spool/mqueue var/lib/sendmail var/run/sendmail var/log

chroot . usr/libexec/sendmail/sendmail -d0.1 -bv -C /dev/null root </dev/null 2>&1 | grep -q '^Version 8' || {
    echo "the unpacked Sendmail does not run" >&2
    exit 1
}
