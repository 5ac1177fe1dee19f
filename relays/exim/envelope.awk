# Part of config.sh: reads the user's configuration and warns of routes and demands that depend on what the lab's
# messages, hosts and clients have one value of.

BEGIN {
    who = sender == "" ? "by senders of sender.test only; --sender ADDRESS names another" : "by " sender " only"
    names_of_hosts = "^(hosts_require_tls|hosts_avoid_tls|hosts_avoid_esmtp|tls_verify_hosts|tls_try_verify_hosts|hosts_require_dane|hosts_require_ocsp)$"
}

function warn(text) {
    if (text in warned) return
    warned[text] = 1
    print "warning\t" text
}

says_nothing($0) { next }
/^begin / { section = $2; next }
section != "routers" && section != "transports" { unset($0); next }
begins_block($0) { block = block_of($0); next }

{
    name = option_of($0)
    value = value_of($0)
    if (name ~ /^(driver|headers_add|headers_remove|message_prefix|debug_print|helo_data|dkim_.*|.*_message)$/) next
    full = block "." name
    if (value ~ /\$\{?(sender_address|sender_address_domain|sender_address_local_part|sender_domain|return_path|(l|bh|rh|h|header)_(from|sender)|authenticated_(id|sender))/ ||
        (section == "routers" && name == "senders" && value !~ /^:? *$/))
        warn(full " depends on the sender: it was played " who)
    if (value ~ /\$\{?(sender_host_|sender_helo|received_(ip|port)|interface_(address|port)|tls_in_|acl_[cm])/)
        warn(full " depends on how the message came in: it was played from 127.0.0.1 at the lab's listener only")
    if (value ~ /\$\{?(r?h|header|bheader|rheader|message_)_[a-zA-Z-]+/ && value !~ /\$\{?message_(exim_)?id/)
        warn(full " depends on the message's header: it was played with the lab's messages only")
    if (value ~ /\$\{?(local_part|original_local_part|domain_data|local_part_data)/ && section == "transports" && smtp_option(name))
        warn(full " depends on the recipient: it was played with the lab's local parts only")
    if (section == "transports" && name ~ names_of_hosts && value !~ /^ *(|:|\*|! *\*) *$/)
        warn(full " = " value " goes by the name or address of the next hop: the name comes from the DNS, which the" \
            " domain's MX records or whoever forges them decide; it was played with the lab's host names only (--mx names others)")
    if (section == "transports" && name == "tls_verify_cert_hostnames" && value !~ /^ *(|\*) *$/)
        warn(full " = " value " goes by the name of the next hop: it was played with the lab's host names only")
    if (name == "condition" && value ~ /\$\{?(tod_|run|perl)/)
        warn(full " depends on the time or a program")
    unset($0)
}

function smtp_option(name) { return name ~ /^(hosts|tls_|port|protocol|hosts_)/ }

# Variables of the environment that nobody has set.
function unset(line,    name) {
    while (match(line, /\$\{env *\{[A-Za-z_][A-Za-z0-9_]*\}/)) {
        name = substr(line, RSTART, RLENGTH)
        sub(/^\$\{env *\{/, "", name)
        sub(/\}$/, "", name)
        line = substr(line, RSTART + RLENGTH)
        if (("\n" names) !~ ("\n" name "="))
            warn("it reads the environment variable " name ", which is not set: --env " name "=VALUE")
    }
}
