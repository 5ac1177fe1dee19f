#!/bin/sh
# Becomes the daemon of the installed Exim, with a queue runner every second.
. ./environment.sh
environment
exec /usr/sbin/chroot "$WAXSEAL_ROOT" /usr/sbin/exim4 -bdf -q1s
