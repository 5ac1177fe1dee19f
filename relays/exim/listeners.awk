# Part of overview.sh: the ports at which Exim listens, each as a `listener` with what its settings promise. Reads the
# user's configuration as Exim prints it.

BEGIN {
    number_of["smtp"] = 25; number_of["smtps"] = number_of["submissions"] = number_of["ssmtp"] = 465; number_of["submission"] = 587
    # Where the options stand in the user's file.
    while ((getline line <main) > 0) {
        number++
        if (line ~ /^begin /) break
        if (!(option_of(line) in stands)) stands[option_of(line)] = number
    }
    file = main
    sub(/.*\//, "", file)
}

says_nothing($0) { next }
/^begin / { section = $2; next }
section == "" { option[option_of($0)] = value_of($0); next }
section == "authenticators" && /^ *server_/ { logins = 1; next }
section != "acl" { next }
begins_block($0) { end_rule(); acl = block_of($0); next }
{
    line = trimmed($0)
    if (line ~ /^(accept|deny|defer|discard|drop|require|warn)( |$)/) {
        end_rule()
        verb = line
        sub(/ .*/, "", verb)
        line = trimmed(substr(line, length(verb) + 1))
    }
    if (line != "") rule[++lines] = line
}

# A rule that refuses what comes outside TLS: leaves in `demands` of its ACL the ports that it is about, ` * ` for all.
# After one that accepts somebody it is no demand on all.
function end_rule(    at, refuses, where, others, text) {
    for (at = 1; at <= lines; at++) {
        text = rule[at]
        if (verb ~ /^(deny|defer|drop)$/ && text ~ /^! *encrypted *= *\*$/) refuses = 1
        else if (verb == "require" && text ~ /^encrypted *= *\*$/) refuses = 1
        else if (text ~ /^condition *=.*(received_port|interface_port)/) where = where " " ports_in(text)
        else if (text !~ /^(message|log_message|logwrite|set |delay|add_header) *=?/ && text !~ /^hosts *= *:$/) others = 1
    }
    if (verb == "accept" && others) lets_in[acl] = 1
    if (refuses && (verb == "require" || !others) && !(acl in lets_in)) demands[acl] = demands[acl] (where == "" ? " * " : " " where " ")
    verb = ""
    lines = 0
}
function ports_in(text,    found) {
    sub(/.*(received_port|interface_port)/, "", text)
    while (match(text, /[0-9]+/)) {
        found = found " " substr(text, RSTART, RLENGTH) " "
        text = substr(text, RSTART + RLENGTH)
    }
    return found
}

# The stage whose rules demand TLS at this port; empty for none.
function demanding(port,    count, at, stages, named) {
    count = split("acl_smtp_mail acl_smtp_rcpt acl_smtp_predata acl_smtp_data", stages, " ")
    for (at = 1; at <= count; at++) {
        named = option[stages[at]]
        if (named in demands && (index(demands[named], " * ") || index(demands[named], " " port " "))) return stages[at]
    }
    return ""
}

# `25`, `submission`: the number, or nothing.
function number_in(text) { return text ~ /^[0-9]+$/ ? text : text in number_of ? number_of[text] : "" }

function heard(port, place) {
    port = number_in(port)
    if (port != "" && !(port in seen)) { seen[port] = 1; ports[++many] = port; at_place[port] = place }
}

function place_of(name) { return file (name in stands && !made ? ":" stands[name] : "") }

# The ports of local_interfaces. An address without one listens at daemon_smtp_ports.
function interfaces(    list, count, at, item, usual) {
    if (!("local_interfaces" in option) || trimmed(option["local_interfaces"]) == "") return 1
    count = items(option["local_interfaces"], list)
    for (at = 1; at <= count; at++) {
        item = list[at]
        if (item ~ /^\[?(127\.|::1(\]|\.|$))/) continue
        if (match(item, /\]:[0-9]+$/)) heard(substr(item, RSTART + 2), place_of("local_interfaces"))
        else if (item ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/) { sub(/.*\./, "", item); heard(item, place_of("local_interfaces")) }
        else usual = 1
    }
    return usual
}

END {
    end_rule()
    by = "daemon_smtp_ports" in option ? "daemon_smtp_ports" : "daemon_smtp_port"
    if (interfaces()) {
        count = items(by in option ? option[by] : "25", list)
        for (at = 1; at <= count; at++) heard(list[at], place_of(by))
    }
    count = items(option["tls_on_connect_ports"], list)
    for (at = 1; at <= count; at++) {
        port = number_in(list[at])
        wrapped[port] = 1
        # The daemon's command line may name more ports than the configuration.
        if (many && !(port in seen)) { extra[port] = 1; heard(port, place_of("tls_on_connect_ports")) }
    }
    for (at = 1; at <= many; at++) {
        port = ports[at]
        advertised = "tls_advertise_hosts" in option ? option["tls_advertise_hosts"] : "*"
        stage = demanding(port)
        if (port in wrapped) { found = "implicit"; level = "tls_on_connect_ports = " option["tls_on_connect_ports"] (port in extra ? ", which " by " lacks: Exim listens there if -oX says so" : "") }
        else if (trimmed(advertised) == "") { found = "-"; level = "tls_advertise_hosts is empty" }
        else {
            found = stage == "" ? "opportunistic" : option["tls_verify_hosts"] == "*" ? "mutual" : "encryption-only"
            level = "tls_advertise_hosts = " advertised (stage == "" ? "" : ", " stage " = " option[stage] " refuses what is not encrypted")
        }
        if (logins) level = level ", auth_advertise_hosts = " ("auth_advertise_hosts" in option ? option["auth_advertise_hosts"] : "*")
        told = "listener\t" port "\t" found "\t" at_place[port] "\tport " port ": " level
        # Of those with one connector the first is played. By one port or the other Exim is the same, unless its rules say so.
        if (port == 587 && logins) print told
        else others = others told "\n"
    }
    printf "%s", others
}
