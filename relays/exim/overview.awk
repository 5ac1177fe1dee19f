# Part of overview.sh: reads the user's configuration as Exim prints it, and prints an `entry` line for each domain that
# a router sends somewhere, in the order of the routers.

BEGIN {
    OFS = "\t"
    # Where each router begins in the user's file.
    while ((getline line <main) > 0) {
        number++
        if (line ~ /^begin /) in_section = line
        if (in_section ~ /routers/ && begins_block(line)) begins[block_of(line)] = number
    }
    file = main
    sub(/.*\//, "", file)
}

says_nothing($0) { next }
/^begin / { section = $2; next }
section == "" && /^ *domainlist/ {
    name = option_of($0)
    sub(/^.* /, "", name)
    named[name] = value_of($0)
}
section != "routers" && section != "transports" { next }
begins_block($0) {
    block = block_of($0)
    if (section == "routers") order[++routers] = block
    else transports[block] = 1
    next
}
{ option[section, block, option_of($0)] = value_of($0) }

END {
    for (at = 1; at <= routers; at++) {
        driver = get("routers", order[at], "driver")
        if (driver == "dnslookup" || driver == "manualroute") router(order[at], driver)
    }
}

function has(section, block, name) { return (section, block, name) in option }

function get(section, block, name) { return has(section, block, name) ? option[section, block, name] : "" }

function router(name, driver,    where, value, count, rules, at, pattern, hosts) {
    where = name in begins && !made ? file ":" begins[name] : name
    value = has("routers", name, "domains") ? get("routers", name, "domains") : "*"
    if (driver == "dnslookup") { entries(name, value, where, "-", ""); return }
    if (has("routers", name, "route_list")) {
        count = rules_of(get("routers", name, "route_list"), rules)
        for (at = 1; at <= count; at++) {
            pattern = hosts = rules[at]
            sub(/[ \t].*/, "", pattern)
            sub(/^[^ \t]*[ \t]*/, "", hosts)
            entries(name, pattern == "*" ? value : pattern, where, hosts, rules[at])
        }
        return
    }
    value_of_route = get("routers", name, "route_data")
    # A table of hosts by domain.
    if (match(value_of_route, /^\$\{lookup *\{\$\{?(lc:)?\$?domain\}?\} *(partial[0-9]*-)?n?(wild)?lsearch[^{]*\{ *\/[^}]*\}/)) {
        table = substr(value_of_route, RSTART, RLENGTH)
        sub(/\}$/, "", table)
        sub(/.*\{ */, "", table)
        begin_entries()
        table_of(table)
        for (at = 1; at <= found; at++) entry(name, at, told_value[at])
    } else entries(name, value, where, value_of_route, "")
}

# Rules of a route_list stand between semicolons.
function rules_of(value, into,    parts, count, at, kept) {
    count = split(value, parts, ";")
    for (at = 1; at <= count; at++) if (trimmed(parts[at]) != "") into[++kept] = trimmed(parts[at])
    return kept
}

function begin_entries() {
    split("", domain); split("", place); split("", words); split("", told_value)
    found = 0
}

function entries(name, value, where, hosts, rule,    at, transport, table, chosen) {
    begin_entries()
    transport = get("routers", name, "transport")
    # A table of transports by domain.
    if (match(transport, /\{ *(\/[^}]*)\} *\{ *\$value *\}/) && transport ~ /lsearch/) {
        table = substr(transport, RSTART + 1, RLENGTH - 1)
        sub(/\}.*/, "", table)
        table_of(trimmed(table))
        for (at = 1; at <= found; at++) {
            if (!(told_value[at] in transports))
                print "finding", place[at] " names the transport " told_value[at] ", and there is none: mail to " domain[at] " is put off"
            else entry_by(told_value[at], at, hosts)
        }
        chosen = transport
        sub(/.*\$value *\} */, "", chosen)
        sub(/^\{ */, "", chosen)
        sub(/[ }].*/, "", chosen)
        if (chosen in transports) { begin_entries(); add("-", where, "all others"); entry_by(chosen, 1, hosts) }
        return
    }
    domains_of(value, where, 0)
    for (at = 1; at <= found; at++) entry(name, at, hosts)
}

function entry(name, at, hosts) { entry_by(get("routers", name, "transport"), at, hosts) }

function entry_by(transport, at, hosts,    hop, connector) {
    hop = hop_of(hosts, transport)
    connector = (transport in transports) ? connector_of(transport, hop) : "-"
    if (get("transports", transport, "driver") !~ /^smtp$/) connector = "-"
    print "entry", domain[at], connector, hop, place[at], level_of(transport) (words[at] == "" ? "" : ", " words[at]) \
        (hop == "-" && hosts != "-" ? ", to " hosts : "")
}

# The first host of a list, as HOST, HOST:PORT or [ADDRESS]:PORT; `-` where it is no literal one.
function hop_of(hosts, transport,    host, port, count, list) {
    if (hosts == "-" || hosts ~ /\$/) return "-"
    gsub(/"/, "", hosts)
    if (hosts ~ /^<[^A-Za-z0-9 ]/) { items(hosts, list); host = list[1] }
    else { sub(/[ \t].*/, "", hosts); items(hosts, list); host = list[1] }
    sub(/\/MX$/, "", host)
    port = get("transports", transport, "port")
    if (port !~ /^[0-9]+$/) port = get("transports", transport, "protocol") == "smtps" ? 465 : ""
    # A port behind the host; colons of an address of IPv6 are four or more.
    if (host ~ /^\[.*\]:[0-9]+$/ || host ~ /^[^:]*:[0-9]+$/) {
        port = host
        sub(/.*:/, "", port)
        sub(/:[0-9]+$/, "", host)
    }
    gsub(/[\[\]]/, "", host)
    if (host ~ /:/ || host ~ /^[0-9.]+$/) return "[" host "]:" (port == "" ? 25 : port)
    if (host !~ /^[A-Za-z0-9_.-]+$/) return "-"
    return host (port == "" ? "" : ":" port)
}

# Whether a list of hosts holds the next hop: all of them, or this one by its name.
function holds(transport, name, hop,    value, list, count, at, host) {
    if (!has("transports", transport, name)) return 0
    value = option["transports", transport, name]
    if (value ~ /^ *(<; *)?(\*|\$\{?host(_address)?\}?) *$/) return 1
    host = hop
    sub(/:[0-9]+$/, "", host)
    gsub(/[\[\]]/, "", host)
    count = items(value, list)
    for (at = 1; at <= count; at++) {
        if (list[at] == host) return 1
        if (list[at] ~ /^\*/ && length(host) > length(list[at]) - 1 &&
            substr(host, length(host) - length(list[at]) + 2) == substr(list[at], 2)) return 1
    }
    # By names of which the route does not say which it is.
    return count && value !~ /^ *!? *\*? *$/ && hop == "-" ? -1 : 0
}

function connector_of(transport, hop,    forced, checked) {
    forced = holds(transport, "hosts_require_tls", hop)
    checked = holds(transport, "tls_verify_hosts", hop)
    if (get("transports", transport, "protocol") == "smtps") forced = 1
    if (holds(transport, "hosts_require_dane", hop) == 1) return "dane"
    if (holds(transport, "hosts_avoid_tls", hop) || forced == -1 || checked == -1) return "-"
    if (!forced) return "opportunistic"
    if (checked) return get("transports", transport, "tls_verify_cert_hostnames") == "" &&
        has("transports", transport, "tls_verify_cert_hostnames") ? "certificate-validation" : "domain-validation"
    return has("transports", transport, "tls_certificate") ? "mutual" : "encryption-only"
}

function level_of(transport,    names, count, at, text) {
    text = transport
    count = split("hosts_require_tls hosts_require_dane hosts_avoid_tls hosts_try_tls tls_verify_hosts tls_verify_cert_hostnames protocol", names, " ")
    for (at = 1; at <= count; at++) if (has("transports", transport, names[at]))
        text = text ", " names[at] " = " get("transports", transport, names[at])
    return text
}
