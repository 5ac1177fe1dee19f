#!/bin/sh
# Builds what the installed Sendmail reads, then becomes its daemon, with a queue runner every second.
set -eu
inside() { chroot "$WAXSEAL_ROOT" "$@"; }
cd "$WAXSEAL_ROOT/etc/mail"
# A domain without a leading dot stands for all below it too.
sed -i 's/^\([A-Za-z_]*:\)\./\1/' access
# Sendmail has one file for the roots of both sides.
cat "../waxseal/$WAXSEAL_TRUST_ANCHORS" "../waxseal/$WAXSEAL_CLIENT_TRUST_ANCHORS" >../waxseal/roots.pem
inside /usr/bin/m4 /etc/mail/sendmail.mc >sendmail.cf
inside /usr/libexec/sendmail/makemap hash /etc/mail/access <access
inside /usr/libexec/sendmail/newaliases >/dev/null
# Sendmail logs to /dev/log only.
inside /usr/bin/busybox syslogd -n -s 0 -O /var/log/mail.log &
exec chroot "$WAXSEAL_ROOT" /usr/libexec/sendmail/sendmail -bD -q1s
