#!/bin/sh
# Runs the installed chasquid, one static program, with the run's own configuration and data.
set -eu
umask 077
etc=$WAXSEAL_DIR/etc/chasquid data=$WAXSEAL_DIR/data

mkdir -p "$etc/certs/$WAXSEAL_HOSTNAME" "$etc/domains/$WAXSEAL_HOSTNAME" "$etc/domains/sink.test"
cp "$WAXSEAL_DIR/$WAXSEAL_CERTIFICATE_CHAIN" "$etc/certs/$WAXSEAL_HOSTNAME/fullchain.pem"
cp "$WAXSEAL_DIR/$WAXSEAL_CERTIFICATE_KEY" "$etc/certs/$WAXSEAL_HOSTNAME/privkey.pem"
# The user that mail which goes out is submitted by, and the domain that takes what comes in.
"$WAXSEAL_ROOT/usr/bin/chasquid-util" -C="$etc" user-add --password=waxseal "lab@$WAXSEAL_HOSTNAME"
echo '*: | cat' >"$etc/domains/sink.test/aliases"

# What chasquid remembers of a domain, for every case of a connector: remember SUFFIX LEVEL.
remember() {
    number=1
    while [ $number -le 4000 ]; do
        domain=c$number$1
        printf 'name: "%s"\noutgoing_sec_level: %s\n' "$domain" "$2" >"$data/domaininfo/s:$domain"
        number=$((number + 1))
    done
}
mkdir -p "$data/domaininfo"
remember "$WAXSEAL_OUTBOUND_ENCRYPTION_ONLY_DOMAINS" TLS_INSECURE
remember "$WAXSEAL_OUTBOUND_DOMAIN_VALIDATION_DOMAINS" TLS_SECURE

# The lab's roots instead of the system's.
export SSL_CERT_FILE="$WAXSEAL_DIR/$WAXSEAL_TRUST_ANCHORS" SSL_CERT_DIR="$etc/certs"
exec "$WAXSEAL_ROOT/usr/bin/chasquid" -config_dir "$etc"
