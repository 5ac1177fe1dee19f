# Part of config.sh: names the certificate that the listeners show, and its key, as they lie on this machine. waxseal looks
# whether they go together, hold and are kept from others. What Exim works out for each session is not looked at.

material() {
    chain=$(main_option tls_certificate) key=$(main_option tls_privatekey) name=$(main_option primary_hostname)
    key=${key:-$chain}
    case "$chain $key" in
    *[\$:{]* | ' ') return 0 ;;
    esac
    chain=$(source_of "$chain") key=$(source_of "$key")
    [ -f "$chain" ] && [ -f "$key" ] || return 0
    tell shows "$(printf 'inbound\t%s\t%s\ttls_certificate\t%s' "$chain" "$key" "${name:--}")"
}
main_option() { sed -n "/^begin /q; s/^ *$1 *= *//p" "$run/own" | tail -n 1; }
