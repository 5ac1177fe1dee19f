#!/bin/sh
# Runs the installed OpenSMTPD in its private root: mounts what is the run's own over it, then becomes the
# daemon. All mounts and processes end with the namespaces that waxseal made around this script.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR

own() { mount -t tmpfs -o mode=755 waxseal "$root/$1"; }

# The keys are for root only, or the daemon refuses them.
own tmp
mkdir -m 700 "$root/tmp/lab"
cp "$run/$WAXSEAL_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CERTIFICATE_KEY" \
    "$run/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CLIENT_CERTIFICATE_KEY" \
    "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" "$root/tmp/lab/"
cp "$run/etc/smtpd.conf" "$run/etc/resolv.conf" "$root/tmp/"
cp "$run/$WAXSEAL_TRUST_ANCHORS" "$root/tmp/ca-certificates.crt"
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >"$root/tmp/hosts"
echo "$WAXSEAL_HOSTNAME" >"$root/tmp/mailname"
chmod 644 "$root"/tmp/*.* "$root/tmp/hosts" "$root/tmp/mailname"
chmod 600 "$root/tmp/smtpd.conf"

mkdir -p "$root/etc/lab" "$root/etc/ssl/certs"
mount --bind "$root/tmp/lab" "$root/etc/lab"
over() {
    [ -e "$root/$2" ] || : >"$root/$2"
    mount --bind "$root/tmp/$1" "$root/$2"
}
over smtpd.conf etc/smtpd.conf
over resolv.conf etc/resolv.conf
over hosts etc/hosts
over mailname etc/mailname
over ca-certificates.crt etc/ssl/certs/ca-certificates.crt
own var/spool
mkdir -m 711 "$root/var/spool/smtpd"
own run
for device in null zero random urandom; do
    mount --bind "/dev/$device" "$root/dev/$device"
done

exec chroot "$root" /usr/sbin/smtpd -d -T mta
