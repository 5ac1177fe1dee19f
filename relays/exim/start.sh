#!/bin/sh
# Becomes the daemon of the installed Exim, with a queue runner every second.
exec chroot "$WAXSEAL_ROOT" /usr/sbin/exim4 -bdf -q1s
