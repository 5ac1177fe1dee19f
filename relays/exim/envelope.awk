# Part of config.sh: reads the user's configuration and warns of routes and demands that depend on what the lab's
# messages, hosts and clients have one value of.

BEGIN {
    who = sender == "" ? "by senders of sender.test only (--sender ADDRESS names another)" : "by " sender " only"
    # What decides where mail goes, and under which TLS.
    routes = "^(address_data|condition|domains|fallback_hosts|host_.*|local_parts|require_files|route_data|route_list|senders|set|transport)$"
    demands = "^(hosts|hosts_.*|fallback_hosts|port|protocol|tls_.*)$"
    while ((getline line <settings) > 0) {
        name = line
        sub(/\t.*/, "", name)
        sub(/^[^\t]*\t/, "", line)
        otherwise[name] = line
    }
    by_host = "^(hosts_require_tls|hosts_avoid_tls|hosts_avoid_esmtp|tls_verify_hosts|tls_try_verify_hosts|hosts_require_dane|hosts_require_ocsp)$"
}

function warn(text) {
    if (text in warned) return
    warned[text] = 1
    print "warning\t" text
}

says_nothing($0) { next }
/^begin / { end_block(); section = $2; next }
section == "routers" || section == "transports" || /^ *domainlist/ { unset($0) }
section != "routers" && section != "transports" { next }
begins_block($0) { end_block(); block = block_of($0); next }
{ lines[++count] = $0 }
END { end_block() }

function end_block(    at, kind) {
    for (at = 1; at <= count; at++) if (option_of(lines[at]) == "driver") kind = value_of(lines[at])
    # Other routers and transports are for local mail.
    if (kind ~ /^(dnslookup|manualroute|queryprogram|smtp)$/) for (at = 1; at <= count; at++)
        depends(block "." option_of(lines[at]), option_of(lines[at]), value_of(lines[at]))
    count = 0
}

function depends(full, name, value) {
    if (name !~ (section == "routers" ? routes : demands)) return
    if (full in otherwise) value = otherwise[full]
    if (value ~ /\$\{?(sender_address|sender_domain|return_path|authenticated_(id|sender))/ ||
        (name == "senders" && value !~ /^:? *$/))
        warn(full " depends on the sender: it was played " who)
    if (value ~ /\$\{?(sender_host_|sender_helo|received_(ip|port)|interface_(address|port)|tls_in_|acl_[cm])/)
        warn(full " depends on how the message came in: it was played from 127.0.0.1 at the lab's listener only")
    if (value ~ /\$\{?(h|rh|bh|header|rheader|bheader)_[a-zA-Z-]+/)
        warn(full " depends on a header: it was played with the lab's messages only")
    if (value ~ /\$\{?(original_)?local_part/ || name == "local_parts")
        warn(full " depends on the recipient's local part: it was played with the lab's only")
    if (value ~ /\$\{?(tod_|run[ ,{]|perl[ ,{])/) warn(full " depends on the time or a program")
    if (section == "routers") return
    if (name == "tls_require_ciphers" && value ~ /^(SECURE192|SECURE256|SUITEB192)/)
        warn(full " = " value " takes no certificate of less than 192 bits, and the lab's have keys of P-256 and RSA 2048:" \
            " where the control fails for that, --config-set \047" full "=NORMAL\047 decides all but suites and groups")
    # An expansion that asks for no host is the same for all hosts.
    if (value ~ /\$/ && value !~ /\$\{?host|search/) return
    if ((name ~ by_host && value !~ /^ *(<; *)?(|:|\*|! *\*|\$\{?host(_address)?\}?) *$/) ||
        (name == "tls_verify_cert_hostnames" && value !~ /^ *(|\*) *$/))
        warn(full " = " value " goes by the name or address of the next hop, which the DNS says: it was played with" \
            " the lab's host names below the domain only (--mx DOMAIN=HOST names another)")
}

# Variables of the environment that nobody has set.
function unset(line,    name) {
    while (match(line, /\$\{env *\{[A-Za-z_][A-Za-z0-9_]*\}/)) {
        name = substr(line, RSTART, RLENGTH)
        sub(/^\$\{env *\{/, "", name)
        sub(/\}$/, "", name)
        line = substr(line, RSTART + RLENGTH)
        if (("\n" names) !~ ("\n" name "="))
            warn("it reads the environment variable " name ", which is not set (--env " name "=VALUE)")
    }
}
