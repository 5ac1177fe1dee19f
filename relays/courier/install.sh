#!/bin/sh
# Finishes the unpacked Courier: install.sh ROOT
#
# Does what the scripts of its packages would have done, as far as a run needs it.
set -eu
umask 022
cd "$1"

ln -sfn dash usr/bin/sh
for name in deliverquota lockmail maildirmake makedat preline; do
    [ ! -e usr/bin/$name.courier ] || ln -sfn $name.courier usr/bin/$name
done
own() { chown "$1" "$3" && chmod "$2" "$3"; }
own 0:9321 4755 usr/sbin/rmail
own 9321:9321 2755 usr/bin/mailq
own 9321:9321 6755 usr/bin/cancelmsg
own 0:9321 2755 usr/sbin/sendmail
own 9321:9321 4755 usr/lib/courier/courier/submitmkdir
: >etc/environment

chroot . usr/sbin/courier --version >/dev/null 2>&1 || {
    echo "the unpacked Courier does not run" >&2
    exit 1
}
