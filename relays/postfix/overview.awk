# Part of config.sh: joins the TLS policy with the routes, and prints an `entry` for each domain that one of the two
# names, and one for all others. It reads no input but the files of its variables.

function connector(level,    word) {
    word = tolower(level)
    sub(/[ \t].*/, "", word)
    if (word == "may") return "opportunistic"
    if (word == "encrypt") return "encryption-only"
    if (word == "verify" || word == "secure" || word == "fingerprint") return "domain-validation"
    if (word == "dane" || word == "dane-only") return "dane"
    return "-"
}
# The host of a next hop as a user names it for --mx: `[gw.example]:587` is `gw.example:587`.
function host_of(hop) {
    sub(/[ ,].*/, "", hop)
    if (hop == "") return "-"
    if (hop ~ /^\[[0-9.]+\]/ || hop ~ /^\[(IPv6|ipv6)?:?[0-9a-fA-F]*:/) return hop
    gsub(/[][]/, "", hop)
    sub(/:(smtp|25)$/, "", hop)
    sub(/:submission$/, ":587", hop)
    sub(/:(smtps|submissions)$/, ":465", hop)
    return hop
}
# What the policy says of a next hop: a host in brackets or with a port matches its own entry only.
function policy_of(hop,    name) {
    sub(/[ ,].*/, "", hop)
    name = tolower(hop)
    if (name in policy) return name
    if (name ~ /^\[/ || name ~ /:/) return ""
    while (sub(/^\.?[^.]+/, "", name) && name != "") if (name in policy) return name
    return ""
}
# The key of the route of a domain; empty where there is none.
function route_of(domain,    name) {
    name = domain
    if (name in route) return name
    while (sub(/^\.?[^.]+/, "", name) && name != "") if (name in route) return name
    return "*" in route ? "*" : ""
}
# Splits the value of a route into `transport` and `hop`.
function split_route(value,    at) {
    at = index(value, ":")
    transport = at ? substr(value, 1, at - 1) : value
    hop = at ? substr(value, at + 1) : ""
    if (transport == "") {
        transport = default_transport
        sub(/:.*/, "", transport)
    }
}
function entry(domain, level, hop, place) {
    if (!told[domain]++) print "entry\t" domain "\t" connector(level) "\t" host_of(hop) "\t" place "\t" level
}
function usual(transport) {
    if (static != "") return static
    return transport in own_level ? own_level[transport] : level
}

BEGIN {
    while ((getline < services) > 0) {
        split($0, word, " ")
        if (word[2] == "unix" && word[8] == "smtp") agent[word[1]] = 1
    }
    while ((getline < own) > 0) {
        if (match($0, /^[^ ]*\/unix\/smtp_tls_security_level = /)) {
            name = $0
            sub(/\/.*/, "", name)
            own_level[name] = substr($0, RLENGTH + 1)
        }
    }
    while ((getline < policies) > 0) if (!($1 in policy)) { keys[++count] = $1; policy[$1] = $2; place[$1] = $3; table[$1] = $4 }
    while ((getline < transports) > 0) if (!($1 in route)) { routes[++many] = $1; route[$1] = $2; line[$1] = $3; kind[$1] = $4 }

    at = index(default_transport, ":")
    usual_hop = relayhost != "" ? relayhost : at ? substr(default_transport, at + 1) : ""
    for (i = 1; i <= count; i++) {
        key = keys[i]
        if (table[key] ~ /^(regexp|pcre|cidr):/) {
            print "warning\t" place[key] " is a pattern, " key "; name a domain that it is about, --connector DOMAIN=CONNECTOR"
            continue
        }
        # A next hop, which the routes lead to.
        if (key ~ /^\[/ || key ~ /:/) continue
        by = route_of(key)
        hop = usual_hop
        if (by != "") {
            split_route(route[by])
            if (!(transport in agent)) continue
        }
        if (hop != "" && tolower(hop) != key) {
            found = policy_of(hop)
            print "finding\t" place[key] ": " key " is never asked, because this mail goes to " hop " by " (by != "" ? line[by] : where) \
                (found == "" ? ", which has no entry and gets `" usual(by != "" ? transport : "smtp") "`" : ", which gets `" policy[found] "` by " place[found])
        }
        entry(key, policy[key], hop, place[key])
    }
    for (i = 1; i <= many; i++) {
        key = routes[i]
        if (kind[key] ~ /^(regexp|pcre|cidr):/) {
            print "warning\t" line[key] " is a pattern, " key "; name a domain that it is about, --connector DOMAIN=CONNECTOR --mx DOMAIN=HOST"
            continue
        }
        if (key ~ /@/) continue
        split_route(route[key])
        if (!(transport in agent)) continue
        domain = key == "*" ? "unlisted.example" : key
        found = policy_of(hop == "" ? key : hop)
        entry(domain, found == "" ? usual(transport) : policy[found], hop, found == "" ? line[key] : place[found])
    }
    # All others.
    transport = default_transport
    sub(/:.*/, "", transport)
    if (transport in agent) {
        found = policy_of(usual_hop)
        entry("unlisted.example", found == "" ? usual(transport) : policy[found], usual_hop, found == "" ? where : place[found])
    }
}
