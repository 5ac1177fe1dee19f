#!/bin/sh
# Runs the installed Postfix in its private root: mounts what is the run's own over it, then becomes the
# master process. All mounts and processes end with the namespaces that waxseal made around this script.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR

own() { mount -t tmpfs -o mode=755 waxseal "$root/$1"; }

cp "$root/etc/postfix/dynamicmaps.cf" "$run/etc/postfix/"
own etc/postfix
cp -R "$run"/etc/postfix/. "$root/etc/postfix"
# What config.sh has put there has its modes.
[ "${WAXSEAL_CONFIG:-}" ] || chmod 644 "$root"/etc/postfix/*
mkdir -p "$root/etc/postfix/pki"
cp "$run/$WAXSEAL_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CERTIFICATE_KEY" \
    "$run/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CLIENT_CERTIFICATE_KEY" \
    "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" "$root/etc/postfix/pki/"

# The queue, as `postfix set-permissions` would leave it; the owners are those of the private root.
own var/spool/postfix
own var/lib/postfix
own run
cd "$root/var/spool/postfix"
mkdir -m 700 active bounce corrupt defer deferred flush hold incoming private saved trace
mkdir -m 1730 maildrop
mkdir -m 2710 public
mkdir pid
chown 9301 active bounce corrupt defer deferred flush hold incoming private saved trace
chown 9301:9302 maildrop public
chmod 1730 maildrop
chmod 2710 public
chown 9301 "$root/var/lib/postfix"
chmod 700 "$root/var/lib/postfix"

# The lab's resolver, and a host that knows only itself.
own tmp
cp "$run/etc/resolv.conf" "$root/tmp/resolv.conf"
echo "127.0.0.1 localhost" >"$root/tmp/hosts"
chmod 644 "$root/tmp/resolv.conf" "$root/tmp/hosts"
mount --bind "$root/tmp/resolv.conf" "$root/etc/resolv.conf"
mount --bind "$root/tmp/hosts" "$root/etc/hosts"
# What postlogd writes comes after what this script says.
own var/log
: >"$root/var/log/mail.log"
mount --bind "$run/relay.log" "$root/var/log/mail.log"
mount -t proc proc "$root/proc"
for device in null zero random urandom; do
    mount --bind "/dev/$device" "$root/dev/$device"
done

exec chroot "$root" /usr/lib/postfix/sbin/master -s
