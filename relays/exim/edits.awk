# Part of config.sh: sets in the configuration, as Exim prints it, what the lab needs to be otherwise. Prints the
# configuration; each setting goes to the file `told`, what cannot be played to `refused`.

function tell(line) { print line >told }

# An option that is set: of the main part, or `driver.option`. `was` is what the user has, empty for nothing.
function set_to(name, value, was) {
    if (was != value) tell(name " = " (value == "" ? "empty" : value) " (was " (was == "" ? "the default" : was) ")")
}

function option_of(line) {
    sub(/^ */, "", line)
    sub(/^hide +/, "", line)
    if (line ~ /^(domain|host|address|localpart)list(_cache)? /) sub(/ *=.*/, "", line)
    else sub(/[ =].*/, "", line)
    return line
}

function value_of(line) {
    if (line !~ /=/) return "true"
    sub(/^[^=]*= */, "", line)
    return line
}

# A flag that is off has its name behind `no_`.
function plain(name) {
    sub(/^(no|not)_/, "", name)
    return name
}

function wants(names, value,    list, at, count) {
    count = split(names, list, " ")
    for (at = 1; at <= count; at++) main[list[at]] = value
}

function drops(names, into,    list, at, count) {
    count = split(names, list, " ")
    for (at = 1; at <= count; at++) into[list[at]] = 1
}

BEGIN {
    # Directories, users and listeners are those of the private root and of the lab.
    wants("local_interfaces", interfaces)
    wants("tls_on_connect_ports", implicit)
    drops("exim_path spool_directory log_file_path pid_file_path process_log_path exim_user exim_group \
        daemon_smtp_ports daemon_smtp_port extra_local_interfaces config_file syslog_facility", gone)
    # What answers elsewhere, and names that have no address to look back from.
    wants("host_lookup", "")
    wants("rfc1413_query_timeout", "0s")
    drops("helo_verify_hosts helo_try_verify_hosts event_action bounce_message_file warn_message_file \
        perl_startup perl_at_start hosts_proxy proxy_protocol_timeout", gone)
    # The machine's load, counts and queues for later: each case is a stranger, and a run takes seconds.
    wants("smtp_accept_max", "0")
    wants("queue_run_max", "8")
    drops("smtp_accept_max_per_host smtp_accept_max_per_connection smtp_accept_reserve smtp_accept_queue \
        smtp_accept_queue_per_connection smtp_load_reserve smtp_reserve_hosts smtp_ratelimit_hosts \
        smtp_ratelimit_mail smtp_ratelimit_rcpt queue_only queue_only_file queue_only_load queue_domains \
        queue_smtp_domains queue_only_override deliver_queue_load_max hold_domains check_spool_space \
        check_spool_inodes check_log_space check_log_inodes auto_thaw timeout_frozen_after delay_warning \
        delay_warning_condition ignore_bounce_errors_after message_logs retry_interval_max \
        deliver_drop_privilege", gone)
    # The lab's certificates, where the user's say nothing here.
    if (unreadable) {
        wants("tls_certificate", pki "/" chain)
        wants("tls_privatekey", pki "/" key)
        drops("tls_ocsp_file", gone)
    }
    drops("interface hosts_require_auth dkim_domain dkim_selector dkim_private_key dkim_sign_headers dkim_strict \
        dkim_canon dkim_identity dkim_timestamps dkim_hash arc_sign serialize_hosts retry_include_ip_address \
        tls_resumption_hosts tls_crl event_action", transport_gone)
    patience["connect_timeout"] = patience["command_timeout"] = patience["data_timeout"] = "2s"
    patience["final_timeout"] = "2s"
    patience["tls_verify_certificates"] = pki "/" roots

    while ((getline line <settings) > 0) {
        name = line
        sub(/\t.*/, "", name)
        sub(/^[^\t]*\t/, "", line)
        # A point is between a driver's name and its option.
        if (name ~ /\./) driver[name] = line
        else if (!(name in main)) {
            main[name] = line
            asked[name] = 1
            delete gone[name]
        }
    }
    section = "main"
}

# Macros are expanded already, and their definitions may stand in any section.
section != "rewrite" && /^ *[A-Z][A-Za-z0-9_]* *=/ { next }
/^#/ || /^ *$/ { next }

/^begin / {
    if (section == "main") end_main()
    else end_block()
    section = $2
    if (section == "authenticators") tell("the authenticators are left out: nobody logs in here")
    else if (section == "retry") {
        tell("* * F,3s,1s is the only retry rule")
        print "begin retry\n* * F,3s,1s"
    } else print
    next
}
section == "authenticators" || section == "retry" { next }

section == "main" {
    name = option_of($0)
    was = value_of($0)
    if (name == "hostlist relay_from_hosts" && !(name in main)) main[name] = "<; 127.0.0.0/8"
    if (plain(name) == "message_logs" && name != plain(name)) was = "false"
    if (name == "tls_verify_certificates" && !(name in asked)) main[name] = pki "/" client_roots
    if (name in main) {
        if (!(name in done)) put_main(name, was)
    } else if (plain(name) in gone) {
        tell(plain(name) " is left out (was " was ")")
    } else {
        outside(name, $0)
        print
    }
    next
}

function put_main(name, was) {
    done[name] = 1
    set_to(name, main[name], was)
    # An option without a value is the default; a list has to be there.
    if (main[name] != "" || name ~ /list /) print name " = " main[name]
    else if (name == "host_lookup") print name " ="
}

function end_main(    name) {
    for (name in main) if (!(name in done) && (main[name] != "" || name == "host_lookup")) put_main(name, "")
}

# Access rules: scanners find nothing, and nobody is asked back.
section == "acl" {
    before = $0
    head = "^ *((accept|deny|defer|discard|drop|require|warn) +)?"
    if (match($0, head "! *(malware|spam|ratelimit) *=")) $0 = verb($0) "condition = yes"
    else if (match($0, head "(malware|spam|ratelimit) *=")) $0 = verb($0) "condition = no"
    else if (match($0, head "! *verify *= *(reverse_host_lookup|helo)")) $0 = verb($0) "condition = no"
    else if (match($0, head "verify *= *(reverse_host_lookup|helo)")) $0 = verb($0) "condition = yes"
    else if ($0 ~ /verify *=.*\/ *callout/) sub(/ *\/ *callout.*/, "")
    else if (match($0, head "delay *=")) $0 = verb($0) "condition = yes"
    if ($0 != before) tell("acl " trimmed($0) " (was " trimmed(before) ")")
    outside("a rule of the acl", $0)
    print
    next
}

function trimmed(line) {
    sub(/^ */, "", line)
    return line
}

function verb(line) {
    if (match(line, /^ *(accept|deny|defer|discard|drop|require|warn) +/)) return substr(line, 1, RLENGTH)
    return "    "
}

section == "routers" || section == "transports" {
    # A driver's name has a colon behind it and nothing else.
    if ($0 ~ /^ *[A-Za-z0-9_]+: *$/) {
        end_block()
        block = trimmed($0)
        sub(/:.*/, "", block)
        print
    } else lines[++count] = $0
    next
}
{ print }

# One router or transport.
function end_block(    at, name, was, smtp, full, seen, option) {
    for (at = 1; at <= count; at++) if (option_of(lines[at]) == "driver" && value_of(lines[at]) == "smtp") smtp = 1
    split("", seen)
    for (at = 1; at <= count; at++) {
        name = option_of(lines[at])
        full = block "." name
        was = value_of(lines[at])
        seen[name] = 1
        if (full in driver) {
            set_to(full, driver[full], was)
            if (driver[full] != "") {
                outside(full, driver[full])
                print "    " name " = " driver[full]
            }
            delete driver[full]
        } else if (section == "routers" && (name == "self" || name == "ignore_target_hosts")) {
            # The lab's next hops are on loopback addresses.
            if (name != "self") tell(full " is left out (was " was ")")
        } else if (section == "transports" && smtp && name in transport_gone) {
            tell(full " is left out (was " was ")")
        } else if (section == "transports" && smtp && name in patience) {
            set_to(full, patience[name], was)
            print "    " name " = " patience[name]
        } else if (section == "transports" && smtp && (name == "tls_certificate" || name == "tls_privatekey")) {
            # Next hops ask for a certificate of the lab's: it is shown where the user shows one.
            option = pki "/" (name == "tls_certificate" ? client_chain : client_key)
            set_to(full, option, was)
            print "    " name " = " option
        } else {
            if (section == "routers" || smtp) outside(full, lines[at])
            print lines[at]
        }
    }
    if (block != "" && section == "routers") {
        print "    self = send"
        if (!told_self++) tell("self = send in every router")
    }
    if (smtp) for (name in patience) if (!(name in seen)) {
        print "    " name " = " patience[name]
        if (!(name in lab)) {
            tell(name " = " patience[name] " in every smtp transport")
            lab[name] = 1
        }
    }
    for (full in driver) if (index(full, block ".") == 1) {
        set_to(full, driver[full], "")
        print "    " substr(full, length(block) + 2) " = " driver[full]
        delete driver[full]
    }
    count = 0
    block = ""
}

# What is looked up in a server or asked of a program does not answer in the sandbox.
function outside(name, line,    kind) {
    kind = ""
    if (match(line, /\$\{(perl|run|dlfunc|readsocket)[ ,{]/)) kind = substr(line, RSTART + 2, RLENGTH - 3)
    else if (match(line, /(ldap|ldapdn|ldapm|mysql|pgsql|sqlite|redis|ibase|oracle|nis|nis0|nisplus|whoson)(,[a-z=,]*)? *[;{]/)) {
        kind = substr(line, RSTART, RLENGTH)
        sub(/[ ,;{].*/, "", kind)
        # The end of a longer word is no lookup.
        if (RSTART > 1 && substr(line, RSTART - 1, 1) ~ /[A-Za-z0-9_]/) kind = ""
    }
    if (kind != "")
        print name " asks " kind ", which does not answer in the sandbox: `" trimmed(line) "`; set it otherwise for the test, --config-set '" \
            (name ~ /^a rule/ ? "acl_smtp_rcpt=" : name "=") "', or take it out of a copy of the configuration" >refused
}

END {
    end_block()
    for (name in driver) print "there is no router or transport that `--config-set " name "` would set" >refused
}
