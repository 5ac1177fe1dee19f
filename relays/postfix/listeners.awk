# Part of config.sh: the services of master.cf that listen to the network, each as a `listener` with what its own
# settings promise. Its input are the names of ports; the defaults and what main.cf says; what each service sets for
# itself; master.cf, for the lines; and the services, one a line.

function parameter(    name) {
    name = $0
    sub(/ =.*/, "", name)
    return name
}
# What a service goes by, and where that stands.
function value(service, name) { return (service, name) in own ? own[service, name] : main[name] }
function shown(service, name) {
    return name (value(service, name) == "" ? " is empty" : "=" value(service, name)) ((service, name) in own ? "" : " (main.cf)")
}
# Whether some restriction refuses mail outside TLS.
function refuses_plaintext(service,    count, i, names) {
    count = split("client helo sender recipient relay data end_of_data", names, " ")
    for (i = 1; i <= count; i++)
        if (value(service, "smtpd_" names[i] "_restrictions") ~ /reject_plaintext_session/) return 1
    return 0
}
function level_of(service) {
    if (value(service, "smtpd_tls_security_level") != "") return tolower(value(service, "smtpd_tls_security_level"))
    if (value(service, "smtpd_enforce_tls") == "yes") return "encrypt"
    return value(service, "smtpd_use_tls") == "yes" ? "may" : "none"
}
function connector(service, level) {
    if (value(service, "smtpd_tls_wrappermode") == "yes") return "implicit"
    if (level ~ /^(encrypt|verify|secure|fingerprint)$/) return value(service, "smtpd_tls_req_ccert") == "yes" ? "mutual" : "encryption-only"
    if (level == "may") return refuses_plaintext(service) ? "encryption-only" : "opportunistic"
    return "-"
}
# The settings that tell its level: that of TLS, what it sets of TLS for itself, and whether it lets users log in.
function words(service,    text, i, name) {
    text = " " shown(service, value(service, "smtpd_tls_wrappermode") == "yes" ? "smtpd_tls_wrappermode" : "smtpd_tls_security_level")
    for (i = 1; i <= count[service]; i++) {
        name = names[service, i]
        if (name ~ /^smtpd_tls_(protocols|mandatory_protocols|ciphers|mandatory_ciphers|exclude_ciphers|mandatory_exclude_ciphers|req_ccert)$/)
            text = text ", " shown(service, name)
    }
    if (value(service, "smtpd_sasl_auth_enable") == "yes") text = text ", " shown(service, "smtpd_sasl_auth_enable") ", " shown(service, "smtpd_tls_auth_only")
    return text
}

FILENAME == defaults || FILENAME == expanded {
    main[parameter()] = substr($0, length(parameter()) + 4)
    next
}
FILENAME == sets {
    at = parameter()
    name = at
    sub(/^.*\//, "", name)
    sub(/\/[^\/]*$/, "", at)
    own[at, name] = substr($0, length(parameter()) + 4)
    names[at, ++count[at]] = name
    next
}
FILENAME == master {
    if ($0 ~ /^[^ \t#]/ && NF > 7) line[$1 "/" $2] = FNR
    next
}
$2 == "pass" && $8 == "smtpd" { behind = $1 "/" $2 }
$2 == "inet" && ($8 == "smtpd" || $8 == "postscreen") { service[++many] = $1 "/" $2; program[many] = $8 }
END {
    for (i = 1; i <= many; i++) {
        name = service[i]
        host = name
        sub(/\/inet$/, "", host)
        port = port_of(host)
        if (host ~ /^(127\.|localhost:|\[::1\]|::1)/ || (host !~ /:/ && only_here ~ /^(loopback-only|localhost|127\.0\.0\.1)/)) continue
        if (port == "") {
            print "warning\tmaster.cf:" line[name] " " name " listens at a port whose number is not known, and is not listed"
            continue
        }
        by = name
        if (program[i] == "postscreen") {
            if (behind == "") continue
            by = behind
        }
        level = level_of(by)
        if (level !~ /^(none|may|encrypt|verify|secure|fingerprint)$/ && value(by, "smtpd_tls_wrappermode") != "yes")
            print "finding\tmaster.cf:" line[name] " " name ": smtpd_tls_security_level=" level " is no level, so smtpd takes no mail there"
        found = connector(by, level)
        open = value(by, "smtpd_sasl_auth_enable") == "yes" && value(by, "smtpd_tls_auth_only") != "yes" &&
            value(by, "smtpd_sasl_security_options") !~ /noplaintext/
        if (found == "-" && open)
            print "finding\tmaster.cf:" line[name] " " name " lets users log in and offers no TLS at all: passwords go in plaintext"
        told = "listener\t" port "\t" found "\tmaster.cf:" line[name] "\t" name (by == name ? "" : " postscreen, " by) words(by) \
            (found == "encryption-only" && level == "may" ? ", reject_plaintext_session" : "")
        # Of those with one connector the first is played: one that may take a password in plaintext.
        if (open) print told
        else others = others told "\n"
    }
    printf "%s", others
}
