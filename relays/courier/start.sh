#!/bin/sh
# Runs the installed Courier in its private root: mounts what is the run's own over it, then runs inside.sh there.
# All mounts and processes end with the namespaces that waxseal made around this script.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR here=$PWD

own() { mount -t tmpfs -o mode=755 waxseal "$root/$1"; }

own tmp
cp -a "$root/etc" "$root/tmp/etc"
etc=$root/tmp/etc
cp "$run/etc/resolv.conf" "$etc/"
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >"$etc/hosts"
echo "$WAXSEAL_HOSTNAME" >"$etc/mailname"
cp "$run/$WAXSEAL_TRUST_ANCHORS" "$etc/ssl/certs/ca-certificates.crt"

cd "$etc/courier"
cp "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" client-ca.pem
cat "$run/$WAXSEAL_CERTIFICATE_KEY" "$run/$WAXSEAL_CERTIFICATE_CHAIN" >esmtpd.pem
echo "$WAXSEAL_HOSTNAME" | tee me defaultdomain >dsnfrom
printf '%s\n' localhost "$WAXSEAL_HOSTNAME" >locals
: >aliases/system
cp "$run/etc/courier/esmtproutes" .
# Any client of the loopback addresses may have its mail passed on.
printf '127\tallow,RELAYCLIENT\n' >smtpaccess/default

# Patience, so that a run takes seconds: a message is tried every few seconds and given back after ten, and a
# next hop has two seconds for each answer. Each case is a stranger: no connection is kept for another.
for file in retryalpha retrygamma esmtptimeout esmtptimeoutconnect esmtptimeoutdata esmtptimeouthelo esmtptimeoutquit; do
    echo 2s >$file
done
echo 1 | tee retrybeta >retrymaxdelta
echo 10s >queuetime
echo 1h >warntime
echo 0s | tee esmtpdelay >esmtptimeoutkeepalive
sed -i 's/^MAXDELS=.*/MAXDELS=200/' module.esmtp

# The listeners: what the package says, and what differs.
sed -i 's/^\(MAXDAEMONS\|MAXPERC\|MAXPERIP\)=.*/\1=200/; s/^\(BOFHCHECKDNS\|TARPIT\)=.*/\1=0/; /^TLS_DHPARAMS=/d' esmtpd esmtpd-ssl
listen() { printf 'ADDRESS=%s\nPORT=%s\n' "$2" "$3" >"listen.$1"; }
listen opportunistic "$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS" "$WAXSEAL_LISTEN_OPPORTUNISTIC_PORT"
listen encryption-only "$WAXSEAL_LISTEN_ENCRYPTION_ONLY_ADDRESS" "$WAXSEAL_LISTEN_ENCRYPTION_ONLY_PORT"
listen mutual "$WAXSEAL_LISTEN_MUTUAL_ADDRESS" "$WAXSEAL_LISTEN_MUTUAL_PORT"
listen implicit "$WAXSEAL_LISTEN_IMPLICIT_ADDRESS" "$WAXSEAL_LISTEN_IMPLICIT_PORT"
echo ESMTP_TLS_REQUIRED=1 | tee -a listen.encryption-only >>listen.mutual
echo ESMTP_TLS=1 >>listen.implicit
printf '%s\n' TLS_VERIFYPEER=REQUIREPEER TLS_TRUSTCERTS=/etc/courier/client-ca.pem >>listen.mutual

chown -R 0:9321 .
chmod -R g+rX .
chmod 640 esmtpd.pem
chmod 644 "$etc/ssl/certs/ca-certificates.crt"
mount --bind "$etc" "$root/etc"

own var/lib/courier
cd "$root/var/lib/courier"
mkdir allfilters filters msgq msgs sts tmp track
chmod 750 ./*
chmod 770 tmp
chown -R 9321:9321 .
own run
mkdir "$root/run/courier"
chown 9321:9321 "$root/run/courier"
own dev
for device in null zero random urandom; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t proc proc "$root/proc"

exec env LC_ALL=C chroot "$root" /bin/sh -s <"$here/inside.sh"
