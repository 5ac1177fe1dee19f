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

# What chasquid remembers of a domain, for every recipient's domain of a connector: remember LIST LEVEL.
remember() {
    while read -r domain; do
        printf 'name: "%s"\noutgoing_sec_level: %s\n' "$domain" "$2" >"$data/domaininfo/s:$domain"
    done <"$WAXSEAL_DIR/$1"
}
mkdir -p "$data/domaininfo"
remember "$WAXSEAL_OUTBOUND_ENCRYPTION_ONLY_RECIPIENT_DOMAINS" TLS_INSECURE
remember "$WAXSEAL_OUTBOUND_DOMAIN_VALIDATION_RECIPIENT_DOMAINS" TLS_SECURE

# The lab's roots instead of the system's.
export SSL_CERT_FILE="$WAXSEAL_DIR/$WAXSEAL_TRUST_ANCHORS" SSL_CERT_DIR="$etc/certs"

# A queue holds 200 messages for hours, and no setting changes that: more of the same chasquid, each with a queue of its
# own, take what the cases of a run leave behind. They share what is remembered; no domain is met by two of them.
address=$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS
for number in 1 2; do
    more=$WAXSEAL_DIR/more/$number
    mkdir -p "$more/data"
    cp -R "$etc" "$more/etc"
    ln -s "$data/domaininfo" "$more/data/domaininfo"
    sed -e "s|^smtp_address:.*|smtp_address: \"$address:25$number\"|" \
        -e "s|^submission_address:.*|submission_address: \"$address:58$number\"|" \
        -e "s|^submission_over_tls_address:.*|submission_over_tls_address: \"$address:46$number\"|" \
        -e "s|^data_dir:.*|data_dir: \"$more/data\"|" "$etc/chasquid.conf" >"$more/etc/chasquid.conf"
    "$WAXSEAL_ROOT/usr/bin/chasquid" -config_dir "$more/etc" &
    tries=0
    until curl --silent --max-time 1 "smtp://$address:58$number" --request NOOP >/dev/null || [ $tries -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
done
exec "$WAXSEAL_ROOT/usr/bin/chasquid" -config_dir "$etc"
