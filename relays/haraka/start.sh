#!/bin/sh
# Runs two Harakas, each in a folder that `haraka -i` has made: one for all mail, and one whose port 25 is for
# clients with a certificate. Both answer any client of the loopback addresses and pass its mail on.
set -eu
umask 077
run=$WAXSEAL_DIR

haraka=$WAXSEAL_ROOT/node_modules/Haraka/bin/haraka

# set_up FOLDER: a folder with our settings in place of the usual ones.
set_up() {
    node "$haraka" -i "$run/$1" >/dev/null
    # Not among the files that `haraka -i` copies; without it a connection ends the program.
    cp "$WAXSEAL_ROOT/node_modules/Haraka/config/connection.ini" "$run/$1/config/"
    cp "$run"/config/*.* config/dhparams.pem "$run/$1/config/"
    cp "$run/$WAXSEAL_CERTIFICATE_CHAIN" "$run/$1/config/tls_cert.pem"
    cp "$run/$WAXSEAL_CERTIFICATE_KEY" "$run/$1/config/tls_key.pem"
    echo "$WAXSEAL_HOSTNAME" >"$run/$1/config/me"
    printf '%s\n' tls relay >"$run/$1/config/plugins"
    echo 127.0.0.0/8 >"$run/$1/config/relay_acl_allow"
    mkdir "$run/$1/queue"
}

set_up all
# Domains are listed one by one: there is no pattern for all below a name.
{
    printf '\n[outbound]\n'
    sed 's/^/force_tls_hosts[]=/' "$run/$WAXSEAL_OUTBOUND_DOMAIN_VALIDATION_RECIPIENT_DOMAINS"
} >>"$run/all/config/tls.ini"

set_up clients
echo "listen=$WAXSEAL_LISTEN_MUTUAL_ADDRESS:$WAXSEAL_LISTEN_MUTUAL_PORT" >"$run/clients/config/smtp.ini"
printf 'requireAuthorized[]=%s\n' "$WAXSEAL_LISTEN_MUTUAL_PORT" >>"$run/clients/config/tls.ini"

export TMPDIR="$run"
NODE_EXTRA_CA_CERTS="$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" node "$haraka" -c "$run/clients" &
export NODE_EXTRA_CA_CERTS="$run/$WAXSEAL_TRUST_ANCHORS"
exec node "$haraka" -c "$run/all"
