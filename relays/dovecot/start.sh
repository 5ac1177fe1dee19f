#!/bin/sh
# Runs two instances of the installed Dovecot: one for all users, and one for those with a certificate.
chroot "$WAXSEAL_ROOT" /usr/sbin/dovecot -F -c /etc/dovecot/clients.conf &
exec chroot "$WAXSEAL_ROOT" /usr/sbin/dovecot -F -c /etc/dovecot/all.conf
