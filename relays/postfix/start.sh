#!/bin/sh
# Becomes the master process of the installed Postfix.
exec chroot "$WAXSEAL_ROOT" /usr/lib/postfix/sbin/master -s
