# Part of config.sh: the listeners of the user's configuration, one a line, as it stands before the lab changes it.

heard() {
    awk -v main="$main" -v made="${made:-}" -f ./options.awk -f ./lists.awk -f ./listeners.awk "$run/own"
}

# named_ports: refuses a port that begins TLS otherwise than the user says.
named_ports() {
    [ "${WAXSEAL_CONFIG_PORTS:-}" ] || return 0
    heard >"$run/tried"
    for named in $WAXSEAL_CONFIG_PORTS; do
        port=${named#*=} named=${named%%=*}
        has=$(awk -F '\t' -v port="$port" '$2 == port { print $3 }' "$run/tried")
        case $named/$has in
        implicit/implicit) ;;
        implicit/*) refuse "tls_on_connect_ports has no port $port, so --inbound $port=implicit cannot be played" ;;
        */implicit) refuse "port $port is among tls_on_connect_ports, so --inbound $port=$named cannot be played; --inbound $port=implicit can" ;;
        */) tell warning "daemon_smtp_ports lacks port $port: it was played as if the daemon's command line named it (-oX)" ;;
        esac
    done
}
