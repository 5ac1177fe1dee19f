#!/bin/sh
# Becomes the daemon of the installed OpenSMTPD.
exec chroot "$WAXSEAL_ROOT" /usr/sbin/smtpd -d -T mta
