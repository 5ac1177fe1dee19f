#!/bin/sh
# Runs the installed Exim in its private root: mounts what is the run's own over it, then becomes the daemon
# with a queue runner every second. All mounts and processes end with the namespaces that waxseal made
# around this script.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR

own() { mount -t tmpfs -o mode=755 waxseal "$root/$1"; }

if [ "${WAXSEAL_CONFIG:-}" ]; then
    # What config.sh has brought lies over the private root, each file at its own path.
    mount -t overlay -o "lowerdir=$run/own:$root" waxseal "$root"
else
    # The daemon reads the keys as a user of its own, Debian-exim of the private root.
    own etc/exim4
    cp "$run"/etc/exim4/* "$root/etc/exim4/"
    chmod 644 "$root"/etc/exim4/*
    mkdir "$root/etc/exim4/pki"
    cp "$run/$WAXSEAL_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CERTIFICATE_KEY" \
        "$run/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CLIENT_CERTIFICATE_KEY" \
        "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" "$root/etc/exim4/pki/"
    chown 9321 "$root"/etc/exim4/pki/*
fi
own var/spool/exim4
chown 9321:9321 "$root/var/spool/exim4"

# The lab's resolver, and a host that knows only itself.
own tmp
cp "$run/etc/resolv.conf" "$root/tmp/resolv.conf"
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >"$root/tmp/hosts"
chmod 644 "$root/tmp/resolv.conf" "$root/tmp/hosts"
mount --bind "$root/tmp/resolv.conf" "$root/etc/resolv.conf"
mount --bind "$root/tmp/hosts" "$root/etc/hosts"
own run
mount -t proc proc "$root/proc"
for device in null zero random urandom; do
    mount --bind "/dev/$device" "$root/dev/$device"
done
# What Exim logs, in three files, comes after what this script says.
own var/log/exim4
chown 9321:9321 "$root/var/log/exim4" "$run/relay.log"
for name in main reject panic; do
    : >"$root/var/log/exim4/${name}log"
    mount --bind "$run/relay.log" "$root/var/log/exim4/${name}log"
done

exec chroot "$root" /usr/sbin/exim4 -bdf -q1s
