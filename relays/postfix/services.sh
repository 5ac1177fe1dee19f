# Part of config.sh: the services of master.cf. Of those that listen to the network one becomes each listener
# that the lab asks for; all run outside a chroot of their own, because the private root is one already.

# One line a service: `smtp inet n - n - - smtpd -o a=b`.
postconf -M | awk '
    /^[^ \t]/ { if (line) print line; line = "" }
    { gsub(/[ \t]+/, " "); line = line $0 }
    END { if (line) print line }' | awk '{ $5 = "n"; print }' >"$run/services"

# What a service sets for itself would hold against what main.cf says now: without NAME... .
without() {
    for name in "$@"; do
        sed "s/ -o $name=[^ ]*//; s/ -o { *$name *=[^}]*}//" "$run/services" >"$run/named"
        if ! cmp -s "$run/named" "$run/services"; then
            echo "master.cf -o $name is left out"
            mv "$run/named" "$run/services"
        fi
    done
}
without content_filter smtpd_milters smtpd_proxy_filter receive_override_options smtpd_sasl_auth_enable \
    smtp_bind_address smtp_bind_address6 inet_interfaces mynetworks smtp_tls_CAfile smtp_tls_CApath \
    smtpd_tls_CAfile smtpd_tls_CApath syslog_name
while read -r name value; do
    if grep -q -- "-o $name=" "$run/services"; then
        sed "s#-o $name=[^ ]*#-o $name=$value#" "$run/services" >"$run/named"
        mv "$run/named" "$run/services"
        echo "master.cf -o $name=$value"
    fi
done <<EOF
smtp_tls_cert_file $pki/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN
smtp_tls_key_file $pki/$WAXSEAL_CLIENT_CERTIFICATE_KEY
EOF

smtp='' implicit='' smtpd=''
: >"$etc/master.cf"
while IFS= read -r service; do
    # Words are what is wanted, stars in them are none of the shell's.
    set -f
    # shellcheck disable=SC2086
    set -- $service
    set +f
    at=$1 kind=$2 program=$8 before=${service#"$1 $2 "}
    rewritten "master.cf $at/$kind" "$before"
    [ "$value" = "$before" ] || echo "master.cf $at/$kind = $value (was $before)"
    case "$kind $program $value" in
    "inet smtpd "*smtpd_tls_wrappermode=yes*)
        if [ -z "$implicit" ]; then implicit=$at implicit_rest=$value; else echo "master.cf $at/inet is left out"; fi
        ;;
    "inet smtpd "* | "inet postscreen "*)
        case $at in
        smtp | 25 | *:smtp | *:25)
            if [ -z "$smtp" ]; then smtp=$at smtp_rest=$value; else echo "master.cf $at/inet is left out"; fi
            ;;
        *) echo "master.cf $at/inet is left out" ;;
        esac
        ;;
    "inet "*) echo "master.cf $at/inet is left out" ;;
    "pass smtpd "*) smtpd=$value ;;
    *) printf '%s %s %s\n' "$at" "$kind" "$value" >>"$etc/master.cf" ;;
    esac
done <"$run/services"
grep -q '^postlog unix-dgram' "$etc/master.cf" || echo 'postlog unix-dgram n - n - 1 postlogd' >>"$etc/master.cf"

[ "$smtp" ] || refuse "master.cf has no smtp inet service, so nothing would listen"
case $smtp_rest in
*postscreen*)
    [ "$smtpd" ] || refuse "master.cf has postscreen at port 25 and no smtpd pass service behind it"
    # What listens to the network cannot be private.
    smtp_rest="n ${smtpd#* }"
    echo "master.cf smtpd/pass listens itself (was behind postscreen)"
    ;;
esac

# listens ADDRESS PORT SERVICE REST
listens() {
    echo "$1:$2 inet $4" >>"$etc/master.cf"
    echo "master.cf $1:$2/inet (was $3/inet)"
}
for listener in $WAXSEAL_CONFIG_LISTEN; do
    case $listener in
    opportunistic)
        listens "$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS" "$WAXSEAL_LISTEN_OPPORTUNISTIC_PORT" "$smtp" "$smtp_rest"
        ;;
    encryption-only)
        listens "$WAXSEAL_LISTEN_ENCRYPTION_ONLY_ADDRESS" "$WAXSEAL_LISTEN_ENCRYPTION_ONLY_PORT" "$smtp" "$smtp_rest"
        ;;
    implicit)
        [ "$implicit" ] || refuse "master.cf has no inet service with smtpd_tls_wrappermode=yes," \
            "so --inbound implicit cannot be played"
        listens "$WAXSEAL_LISTEN_IMPLICIT_ADDRESS" "$WAXSEAL_LISTEN_IMPLICIT_PORT" "$implicit" "$implicit_rest"
        ;;
    *) refuse "--inbound $listener cannot be played: the smtp service is opportunistic or encryption-only" ;;
    esac
done
