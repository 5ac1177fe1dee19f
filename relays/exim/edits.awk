# Part of config.sh: sets in the configuration, as Exim prints it, what the lab needs to be otherwise. Prints the
# configuration; each setting goes to the file `told`, what cannot be played to `refused`.

# `set` could matter, `time` is about times, counts, directories, users or logging.
function tell(word, line) { print word "\t" line >told }

# An option that is set: of the main part, or `driver.option`. `was` is what the user has, empty for nothing.
function set_to(word, name, value, was) {
    if (was == value) return
    tell(word, name " = " (value == "" ? "empty" : value) " (was " (was == "" ? "the default" : was) ")")
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
    # Directories, users, listeners and what is logged are those of the private root and of the lab.
    wants("local_interfaces", interfaces)
    wants("tls_on_connect_ports", implicit)
    drops("exim_path spool_directory log_file_path pid_file_path process_log_path exim_user exim_group \
        daemon_smtp_ports daemon_smtp_port extra_local_interfaces config_file syslog_facility log_timezone \
        syslog_timestamp syslog_duplication", gone)
    logs = "+tls_cipher +tls_certificate_verified +tls_peerdn +incoming_port +outgoing_port +smtp_protocol_error \
+smtp_syntax_error -queue_run -skip_delivery"
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
    matters = " host_lookup tls_on_connect_ports helo_verify_hosts helo_try_verify_hosts event_action \
        bounce_message_file warn_message_file perl_startup perl_at_start hosts_proxy hold_domains \
        queue_smtp_domains queue_domains queue_only tls_certificate tls_privatekey tls_ocsp_file "
    # The lab's certificates, where the user's say nothing here.
    if (unreadable) {
        wants("tls_certificate", pki "/" chain)
        wants("tls_privatekey", pki "/" key)
        drops("tls_ocsp_file", gone)
    }
    # Without a store of the user's, the roots are the system's, which holds those for next hops.
    if ((" " listen " ") ~ / mutual /) wants("tls_verify_certificates", pki "/" client_roots)

    while ((getline line <settings) > 0) {
        name = line
        sub(/\t.*/, "", name)
        sub(/^[^\t]*\t/, "", line)
        # A point is between a driver's name and its option.
        if (name ~ /\./) driver[name] = line
        else if (!(name in main) || name == "tls_verify_certificates") {
            main[name] = line
            asked_for[name] = 1
            delete gone[name]
        }
    }
    section = "main"
}

section != "rewrite" && says_nothing($0) { next }
/^#/ || /^ *$/ { next }

/^begin / {
    if (section == "main") end_main()
    else end_block()
    end_login()
    section = $2
    if (section == "retry") {
        tell("time", "* * F,1s,1s is the only retry rule")
        print "begin retry\n* * F,1s,1s"
        retries = 1
    } else print
    if (section == "routers") reports_router()
    if (section == "transports") reports_transport()
    next
}
section == "authenticators" { login_line($0); next }
section == "retry" { next }

section == "main" {
    name = option_of($0)
    was = value_of($0)
    if (name == "hostlist relay_from_hosts" && !(name in main)) main[name] = "<; 127.0.0.0/8"
    if (name == "log_selector") main[name] = trimmed(was " " logs)
    if (plain(name) == "message_logs" && name != plain(name)) was = "false"
    # A store of the user's own has the lab's roots beside.
    if (name == "tls_verify_certificates" && was != "system" && !(name in asked_for)) delete main[name]
    if (name in main) {
        if (!(name in done)) put_main(name, was)
    } else if (plain(name) in gone) {
        tell(word_of(plain(name)), plain(name) " is left out (was " was ")")
    } else if (name == "tls_require_ciphers" && was in no_suites) {
        no_ciphers(name, was)
    } else if (name == "system_filter" && no_filter) {
        tell("finding", "system_filter names " was ", and there is no such file: Exim puts off all mail; it is left out for the test")
    } else {
        if (name !~ /^acl_/) outside(name, name, was)
        print
    }
    next
}

function word_of(name) {
    return name ~ /list /|| name in asked_for || index(matters, " " name " ") ? "set" : "time"
}

function put_main(name, was) {
    done[name] = 1
    set_to(word_of(name), name, main[name], was)
    # An option without a value is the default; a list has to be there.
    if (main[name] != "" || name ~ /list /) print name " = " main[name]
    else if (name == "host_lookup") print name " ="
}

function end_main(    name) {
    if (!("log_selector" in main)) main["log_selector"] = logs
    for (name in main) if (!(name in done) && (main[name] != "" || name == "host_lookup")) put_main(name, "")
}

section == "acl" {
    print acl_line($0)
    next
}

section == "routers" || section == "transports" {
    if (begins_block($0)) {
        end_block()
        block = block_of($0)
        print
    } else lines[++count] = $0
    next
}

# A rule that rewrites by what it asks outside rewrites nothing.
section == "rewrite" && asks($0) != "" {
    tell("set", "the rewriting rule " trimmed($0) " is left out: it asks " asks($0))
    next
}
{ print }

END {
    if (section == "main") end_main()
    end_block()
    end_login()
    if (!retries) print "begin retry\n* * F,1s,1s"
    for (name in driver) print "there is no router or transport that `--config-set " name "` would set" >refused
}
