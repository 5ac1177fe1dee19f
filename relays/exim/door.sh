# Part of config.sh: the entrance. Where the user's access rules do not let the lab's client send a message to another
# domain, the lab gets a rule of its own before them.

# door: plays a session of the lab's client with each listener, again and again with a rule more, until a message would
# be accepted.
door() {
    lets_in='accept hosts = <; 127.0.0.0/8' opened=' '
    # Where a listener is meant to demand TLS, what comes in plaintext meets the user's rules alone.
    if [ -z "$open" ]; then
        lets_in="$lets_in
    encrypted = *"
    elif [ "$forced" ]; then
        lets_in="$lets_in
    condition = \${if or{{def:tls_in_cipher}{inlist{\$received_ip_address}{$open}}}}"
    fi
    # The session is in plaintext: of one that has to be in TLS nothing is seen behind the first refusal.
    for entrance in "$entrance" $forced; do
        before=''
        for round in 1 2 3 4 5 6; do
            stage=$(refused_at)
            [ "$stage" ] && [ "$stage" != "$before" ] || break
            before=$stage
            let_in "$stage"
        done
        [ -z "$stage" ] || let_in "acl_smtp_rcpt	not seen, because the session was in plaintext"
    done
}

# The access rules at which a session of the lab's client ends; nothing if the message would be accepted.
refused_at() {
    printf '%s\r\n' "EHLO client.waxseal.test" "MAIL FROM:<${WAXSEAL_CONFIG_SENDER:-probe@sender.test}>" "RCPT TO:<probe@sink.test>" DATA \
        "From: probe@sender.test" "To: probe@sink.test" "Subject: probe" "Message-ID: <probe@sender.test>" \
        "Date: $(date -R)" '' probe . QUIT |
        exim -C /etc/exim4/exim4.conf -oMi "$entrance" -bh 127.0.0.1.25025 2>/dev/null | tr -d '\r' >"$run/session"
    awk '
        /^[2345][0-9][0-9]-/ { next }
        /^[2345][0-9][0-9]( |$)/ {
            if ($1 >= 400) { said = $0; at = seen; exit }
            seen++
        }
        END {
            split("acl_smtp_connect acl_smtp_helo acl_smtp_mail acl_smtp_rcpt acl_smtp_predata acl_smtp_data", stages, " ")
            if (said != "") print stages[at + 1] "\t" said
        }' "$run/session"
}

# let_in STAGE: a rule before those of the stage.
let_in() {
    stage=${1%%	*} answer=${1#*	}
    [ "$stage" != "$1" ] || return 0
    case $opened in *" $stage "*) return 0 ;; esac
    opened="$opened$stage "
    rules=$(sed -n "s/^$stage *= *//p" "$etc/exim4.conf" | tail -n 1)
    awk -v stage="$stage" -v rules="$rules" -v lets_in="$lets_in" -f ./options.awk -f ./door.awk "$etc/exim4.conf" >"$run/tried"
    cat "$run/tried" >"$etc/exim4.conf"
    exim -C /etc/exim4/exim4.conf -bP config >"$run/session" 2>"$run/wrong" ||
        refuse "Exim cannot read it with a rule that lets the lab in: $(said)"
    tell set "$stage accepts mail of 127.0.0.0/8 before the user's rules (was: $answer)"
}

# envelope: what the answer depends on, and of which the lab's messages have one value.
envelope() {
    awk -v sender="${WAXSEAL_CONFIG_SENDER:-}" -v names="${WAXSEAL_CONFIG_ENV:-}" \
        -v settings="$run/settings" -f ./options.awk -f ./envelope.awk "$run/own"
}
