# Part of config.sh: the TLS library. The lab's Exim is linked with GnuTLS, the user's may be linked with OpenSSL.

# ciphers: asks Exim about every tls_require_ciphers; what the lab's library does not know is set to its default.
ciphers() {
    foreign=
    grep '^ *tls_require_ciphers *= *[^ ]' "$run/read" | sed 's/^ *tls_require_ciphers *= *//' | sort -u >"$run/tried"
    : >"$run/unknown"
    while IFS= read -r value; do
        case $value in
        *'$'*) continue ;;
        esac
        printf 'tls_require_ciphers = %s\n' "$value" >"$root/etc/exim4/ciphers"
        exim -C /etc/exim4/ciphers -bh 127.0.0.1 </dev/null >"$run/session" 2>&1 || true
        ! grep -q 'tls_require_ciphers invalid' "$run/session" || printf '%s\n' "$value" >>"$run/unknown"
    done <"$run/tried"
    rm -f "$root/etc/exim4/ciphers"
    [ ! -s "$run/unknown" ] || foreign='its tls_require_ciphers is written for OpenSSL'
    ! grep -q '^openssl_options *= *[^ ]' "$run/read" || foreign=${foreign:-'it sets openssl_options'}
    if [ -z "$foreign" ] && own=$(command -v exim4 || command -v exim); then
        ! "$own" -C /dev/null -bV 2>/dev/null | grep -q '^Support for:.* OpenSSL' || foreign="this host's Exim is linked with it"
    fi
    [ -z "$foreign" ] || tell warning "this was tested with an Exim linked with GnuTLS, and the user's seems to be linked" \
        "with OpenSSL ($foreign): whether TLS is forced and whose certificate is right is decided, which TLS versions," \
        "suites and groups would do is not"
}
