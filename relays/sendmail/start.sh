#!/bin/sh
# Runs the installed Sendmail in its private root: mounts what is the run's own over it, then becomes the daemon
# with a queue runner every second. All mounts and processes end with the namespaces that waxseal made around this script.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR

own() { mount -t tmpfs -o mode=755 waxseal "$root/$1"; }

own etc/mail
cp "$run/etc/mail/sendmail.mc" "$root/etc/mail/"
# A domain without a leading dot stands for all below it too.
sed 's/^\([A-Za-z_]*:\)\./\1/' "$run/etc/mail/access" >"$root/etc/mail/access"
echo "$WAXSEAL_HOSTNAME" >"$root/etc/mail/local-host-names"
: >"$root/etc/mail/trusted-users"
: >"$root/etc/mail/relay-domains"
echo 'hosts dns files' >"$root/etc/mail/service.switch"
echo 'postmaster: root' >"$root/etc/mail/aliases"
mkdir "$root/etc/mail/pki"
cp "$run/$WAXSEAL_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CERTIFICATE_KEY" \
    "$run/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CLIENT_CERTIFICATE_KEY" "$root/etc/mail/pki/"
# Sendmail has one file for the roots of both sides.
cat "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" >"$root/etc/mail/pki/ca.pem"
chmod 644 "$root/etc/mail/access" "$root/etc/mail/sendmail.mc" "$root"/etc/mail/pki/*.pem
chmod 600 "$root"/etc/mail/pki/*.key
own var/spool/mqueue
chmod 700 "$root/var/spool/mqueue"
own var/lib/sendmail

# The lab's resolver, and a host that knows only itself.
own tmp
cp "$run/etc/resolv.conf" "$root/tmp/resolv.conf"
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >"$root/tmp/hosts"
chmod 644 "$root/tmp/resolv.conf" "$root/tmp/hosts"
mount --bind "$root/tmp/resolv.conf" "$root/etc/resolv.conf"
mount --bind "$root/tmp/hosts" "$root/etc/hosts"
own run
mount -t proc proc "$root/proc"
own dev
for device in null zero random urandom; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
own var/log

cd "$root/etc/mail"
chroot "$root" /usr/bin/m4 /etc/mail/sendmail.mc >sendmail.cf
chroot "$root" /usr/libexec/sendmail/makemap hash /etc/mail/access <access
chroot "$root" /usr/libexec/sendmail/newaliases >/dev/null

# Sendmail logs to /dev/log only.
: >"$root/var/log/mail.log"
mount --bind "$run/relay.log" "$root/var/log/mail.log"
chroot "$root" /usr/bin/busybox syslogd -n -s 0 -O /var/log/mail.log &
exec chroot "$root" /usr/libexec/sendmail/sendmail -bD -q1s
