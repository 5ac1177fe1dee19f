# Part of config.sh: what the lab sets otherwise, and the one refusal that names all that cannot be asked.

lab_certificates() {
    pki=/etc/exim4/waxseal
    mkdir "$root$pki"
    for file in "$WAXSEAL_CERTIFICATE_CHAIN" "$WAXSEAL_CERTIFICATE_KEY" "$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" \
        "$WAXSEAL_CLIENT_CERTIFICATE_KEY" "$WAXSEAL_TRUST_ANCHORS" "$WAXSEAL_CLIENT_TRUST_ANCHORS"; do
        cp "$run/$file" "$root$pki/"
    done
}

# Each listener of the lab is the one that the user has, at another address.
listeners() {
    interfaces='' implicit='' entrance='' open='' forced=''
    for listener in $WAXSEAL_CONFIG_LISTEN; do
        case $listener in
        opportunistic) at=$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS port=$WAXSEAL_LISTEN_OPPORTUNISTIC_PORT ;;
        encryption-only) at=$WAXSEAL_LISTEN_ENCRYPTION_ONLY_ADDRESS port=$WAXSEAL_LISTEN_ENCRYPTION_ONLY_PORT ;;
        mutual) at=$WAXSEAL_LISTEN_MUTUAL_ADDRESS port=$WAXSEAL_LISTEN_MUTUAL_PORT ;;
        implicit)
            at=$WAXSEAL_LISTEN_IMPLICIT_ADDRESS port=$WAXSEAL_LISTEN_IMPLICIT_PORT implicit=$port
            grep -q '^tls_on_connect_ports\( =\|	\) *.' "$run/read" "$run/settings" ||
                refuse "it sets no tls_on_connect_ports, so --inbound implicit cannot be played"
            ;;
        *) refuse "--inbound $listener cannot be played: Exim has no listener of its own for it" ;;
        esac
        # Where the lab's mail comes in, and where it may come in plaintext.
        case $listener in
        opportunistic) entrance=$at.$port ;;
        *) entrance=${entrance:-$at.$port} ;;
        esac
        case $listener in
        opportunistic | implicit) open="$open${open:+:}$at" ;;
        *) forced="$forced $at.$port" ;;
        esac
        interfaces="$interfaces${interfaces:+ ; }[$at]:$port"
    done
}

# edited SETTINGS: writes the configuration with what the lab needs, and the files `told`, `refused` and `outside`.
edited() {
    rm -f "$run/told" "$run/refused" "$run/outside"
    awk -v interfaces="<; $interfaces" -v implicit="$implicit" -v pki="$pki" \
        -v chain="$WAXSEAL_CERTIFICATE_CHAIN" -v key="$WAXSEAL_CERTIFICATE_KEY" -v unreadable="$unreadable" \
        -v client_chain="$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" -v client_key="$WAXSEAL_CLIENT_CERTIFICATE_KEY" \
        -v client_roots="$WAXSEAL_CLIENT_TRUST_ANCHORS" -v sender_domain="${WAXSEAL_CONFIG_SENDER_DOMAIN:-}" \
        -v no_filter="$no_filter" -v listen="$WAXSEAL_CONFIG_LISTEN" -v settings="$1" -v told="$run/told" -v refused="$run/refused" \
        -v asked="$run/outside" -v missing="$run/missing" -v unknown="$run/unknown" \
        -f ./options.awk -f ./outside.awk -f ./acl.awk -f ./drivers.awk -f ./login.awk -f ./edits.awk "$run/read" >"$etc/exim4.conf"
}

edit() {
    edited "$run/settings"
    [ ! -s "$run/refused" ] || refuse "$(head -n 1 "$run/refused")"
}

# ask_outside: refuses what decides about mail that goes out and is asked elsewhere, with the settings that answer in
# its place as if nothing were found. They are tried first.
ask_outside() {
    if [ ! -s "$run/outside" ]; then
        [ ! -f "$run/told" ] || cat "$run/told"
        return 0
    fi
    what=$(awk -F '\t' '{ printf "%s%s asks %s", (NR > 1 ? ", " : ""), $1, $2 }' "$run/outside")
    line=$(awk -F '\t' '{
        value = $1 "=" $3
        gsub(/\047/, "\047\\\047\047", value)
        printf " --config-set \047%s\047", value
    }' "$run/outside")
    awk -F '\t' '{ print $1 "\t" $3 }' "$run/outside" >"$run/tried"
    cat "$run/settings" >>"$run/tried"
    edited "$run/tried"
    if [ ! -s "$run/outside" ] && [ ! -s "$run/refused" ] &&
        exim -C /etc/exim4/exim4.conf -bP config >"$run/session" 2>"$run/wrong"; then
        refuse "$what, which does not answer in the sandbox; add this, and it is played as if nothing were found" \
            "there, with all else of the policy as it is:$line"
    fi
    refuse "$what, which does not answer in the sandbox; set it otherwise for the test, such as$line, or take it out" \
        "of a copy of the configuration"
}
