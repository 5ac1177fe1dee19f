#!/bin/sh
# Finishes what the installed Courier reads, then runs inside.sh in its private root.
set -eu
exec <inside.sh
cd "$WAXSEAL_ROOT/etc/courier"
cat "../waxseal/$WAXSEAL_CERTIFICATE_KEY" "../waxseal/$WAXSEAL_CERTIFICATE_CHAIN" >esmtpd.pem

# Patience, so that a run takes seconds: a message is tried every few seconds and bounced after ten, and a
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

chown -R 0:9321 .
chmod -R g+rX .
chmod 640 esmtpd.pem
exec env LC_ALL=C chroot "$WAXSEAL_ROOT" /bin/sh -s
