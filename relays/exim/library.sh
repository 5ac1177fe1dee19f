# Part of config.sh: the TLS library. The lab's Exim is linked with GnuTLS, the user's may be linked with OpenSSL.

# ciphers: what is no priority string of GnuTLS goes to the file `unknown`. Such a string begins with a set of suites
# that has a name; Exim itself would say so at the first session only.
ciphers() {
    foreign=
    grep '^ *tls_require_ciphers *= *[^ ]' "$run/read" | sed 's/^ *tls_require_ciphers *= *//' | sort -u |
        grep -v '\$' | grep -v '^@[A-Z]\|^\(LEGACY\|NONE\|NORMAL\|PERFORMANCE\|PFS\|SECURE128\|SECURE192\|SECURE256\|SUITEB128\|SUITEB192\|SYSTEM\)\(:.*\)\?$' \
        >"$run/unknown" || true
    [ ! -s "$run/unknown" ] || foreign='its tls_require_ciphers is written for OpenSSL'
    ! grep -q '^openssl_options *= *[^ ]' "$run/read" || foreign=${foreign:-'it sets openssl_options'}
    if [ -z "$foreign" ] && own=$(command -v exim4 || command -v exim); then
        ! "$own" -C /dev/null -bV 2>/dev/null | grep -q '^Support for:.* OpenSSL' || foreign="this host's Exim is linked with it"
    fi
    [ -z "$foreign" ] || tell warning "this was tested with an Exim linked with GnuTLS, and the user's seems to be linked" \
        "with OpenSSL ($foreign): whether TLS is forced and whose certificate is right is decided, which TLS versions," \
        "suites and groups would do is not"
}
