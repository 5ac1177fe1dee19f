# Part of config.sh and start.sh: Exim in its private root, with the environment that the user names.

# Exports what the user names for the relay.
environment() {
    while IFS= read -r pair; do
        case $pair in
        [A-Za-z_]*=*) export "${pair?}" ;;
        esac
    done <<PAIRS
${WAXSEAL_CONFIG_ENV:-}
PAIRS
}

# exim ARGUMENT...: runs it in that environment, of which nothing else sees anything.
exim() (
    environment
    exec /usr/sbin/chroot "$WAXSEAL_ROOT" /usr/sbin/exim4 "$@"
)
