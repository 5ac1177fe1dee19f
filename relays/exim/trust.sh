# Part of config.sh: the roots that the user trusts. The lab's roots are added to copies of the user's files; what is
# missing or empty stays so.

# stores: looks at every file and folder that a tls_verify_certificates names, for next hops and for senders.
stores() {
    grep '^ *tls_verify_certificates *=' "$run/read" | grep -o '/[A-Za-z0-9_.@+/-]\+' | sort -u >"$run/tried"
    while read -r path; do
        case $path in
        /dev/null) continue ;;
        /etc/ssl/certs/ca-certificates.crt) system_store ;;
        *) store "$path" ;;
        esac
    done <"$run/tried"
    # Without the option, or with `system`, the roots are those of the system.
    ! grep -q '^ *tls_verify_hosts *= *[^ ]' "$run/read" || system_store
}

# The system's own: in the relay's root it holds the lab's roots alone.
system_store() {
    [ -z "${system_seen:-}" ] || return 0
    system_seen=yes
    count=$(roots_in /etc/ssl/certs/ca-certificates.crt)
    [ "$count" != 0 ] || tell finding "/etc/ssl/certs/ca-certificates.crt, the system's roots, is missing or empty on" \
        "this host: no certificate would be valid; in the test it holds the lab's root"
}

store() {
    if [ -d "$root$1" ] || [ -d "$(source_of "$1")" ]; then
        bring "$1" || true
        count=$(cat "$root$1"/* 2>/dev/null | grep -c 'BEGIN.* CERTIFICATE' || true)
        if [ "$count" != 0 ]; then
            cp "$run/$WAXSEAL_TRUST_ANCHORS" "$root$1/waxseal-lab.pem"
            cp "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" "$root$1/waxseal-lab-clients.pem"
        fi
    elif bring "$1"; then
        count=$(roots_in "$root$1")
        [ "$count" = 0 ] || cat "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" >>"$root$1"
    else
        grep -q "exists *{ *$1" "$run/read" ||
            tell finding "tls_verify_certificates names $1, and there is no such file: Exim cannot check any certificate"
        return 0
    fi
    case $count in
    0) tell finding "tls_verify_certificates names $1, and there is no certificate in it: none would be valid" ;;
    *) tell set "the lab's roots are added to the copy of $1, which has $count of the user's" ;;
    esac
}

roots_in() {
    grep -c 'BEGIN.* CERTIFICATE' "$1" 2>/dev/null || [ -r "$1" ] || echo 0
}
