#!/bin/sh
# Runs two instances of the installed Dovecot in its private root: one for all users, and one for those with a
# certificate. All mounts and processes end with the namespaces that waxseal made around this script.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR

own() { mount -t tmpfs -o mode=755 waxseal "$root/$1"; }

own etc/dovecot
cp "$run"/etc/*.conf "$root/etc/dovecot/"
mkdir -p "$root/etc/lab"
own etc/lab
cp "$run/$WAXSEAL_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CERTIFICATE_KEY" \
    "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" "$root/etc/lab/"
chmod 644 "$root"/etc/dovecot/* "$root"/etc/lab/*.pem
own tmp
chmod 1777 "$root/tmp"
cp "$root/etc/dovecot/resolv.conf" "$root/tmp/resolv.conf"
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >"$root/tmp/hosts"
mount --bind "$root/tmp/resolv.conf" "$root/etc/resolv.conf"
mount --bind "$root/tmp/hosts" "$root/etc/hosts"
own run
mkdir "$root/run/all" "$root/run/clients"
own var/lib/dovecot
# What the daemons write comes after what this script says.
mkdir -p "$root/var/log"
own var/log
: >"$root/var/log/dovecot.log"
mount --bind "$run/relay.log" "$root/var/log/dovecot.log"
mount -t proc proc "$root/proc"
for device in null zero random urandom; do
    mount --bind "/dev/$device" "$root/dev/$device"
done

chroot "$root" /usr/sbin/dovecot -F -c /etc/dovecot/clients.conf &
exec chroot "$root" /usr/sbin/dovecot -F -c /etc/dovecot/all.conf
