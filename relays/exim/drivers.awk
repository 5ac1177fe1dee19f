# Part of config.sh: routers and transports. What decides about routes and TLS stays the user's.

BEGIN {
    drops("interface hosts_require_auth dkim_domain dkim_selector dkim_private_key dkim_sign_headers dkim_strict \
        dkim_canon dkim_identity dkim_timestamps dkim_hash arc_sign serialize_hosts retry_include_ip_address \
        tls_resumption_hosts tls_crl event_action", transport_gone)
    patience["connect_timeout"] = patience["command_timeout"] = patience["data_timeout"] = "2s"
    patience["final_timeout"] = "2s"
    while ((getline line <unknown) > 0) no_suites[line] = 1
}

# A report goes to the lab's mailbox by its MX, whatever way and rule the user's mail has: it is no part of the test.
function reports_router(    domains) {
    domains = "sender.test : *.sender.test"
    if (sender_domain != "") domains = domains " : " sender_domain " : *." sender_domain
    print "waxseal_reports:\n    driver = dnslookup\n    senders = :\n    domains = " domains
    print "    transport = waxseal_reports\n    self = send\n    no_more"
    tell("set", "delivery reports go to the lab's mailbox by a router and a transport of its own")
}

function reports_transport(    name) {
    print "waxseal_reports:\n    driver = smtp"
    for (name in patience) print "    " name " = " patience[name]
}

# One router or transport.
function end_block(    at, name, was, smtp, seen, kind) {
    for (at = 1; at <= count; at++) if (option_of(lines[at]) == "driver") kind = value_of(lines[at])
    smtp = kind == "smtp"
    split("", seen)
    for (at = 1; at <= count; at++) {
        name = option_of(lines[at])
        was = value_of(lines[at])
        seen[name] = 1
        if (section == "routers") router_option(lines[at], block "." name, name, was, kind)
        else transport_option(lines[at], block "." name, name, was, smtp)
    }
    if (block != "" && section == "routers") {
        print "    self = send"
        if (!told_self++) tell("set", "self = send in every router")
    }
    if (smtp) for (name in patience) if (!(name in seen)) {
        print "    " name " = " patience[name]
        if (!(name in lab)) tell("time", name " = " patience[name] " in every smtp transport")
        lab[name] = 1
    }
    for (name in driver) if (index(name, block ".") == 1) {
        set_to("set", name, driver[name], "")
        print "    " substr(name, length(block) + 2) " = " driver[name]
        delete driver[name]
    }
    count = 0
    block = ""
}

function router_option(line, full, name, was, kind) {
    # Where a missing table is about local mail, it is no matter of routes.
    absent_counts = kind != "redirect" && kind != "accept"
    if (full in driver) put_asked(full, name, was)
    else if (name == "ignore_target_hosts") tell("set", full " is left out (was " was ")")
    # The lab's next hops are on loopback addresses, hence `self`.
    else if (name != "self") {
        outside(full, name, was)
        print line
    }
}

function transport_option(line, full, name, was, smtp,    option) {
    absent_counts = 1
    if (full in driver) put_asked(full, name, was)
    else if (!smtp) print line
    else if (name in transport_gone) {
        tell("set", full " is left out (was " was ")")
        if (name == "event_action")
            print "warning\t" full " is left out, so what it asks of a certificate or a session is not tested" >told
    } else if (name in patience) {
        set_to("time", full, patience[name], was)
        print "    " name " = " patience[name]
    } else if (name == "tls_require_ciphers" && was in no_suites) no_ciphers(full, was)
    else if (name == "tls_certificate" || name == "tls_privatekey") {
        # Next hops ask for a certificate of the lab's: it is shown where the user shows one.
        option = pki "/" (name == "tls_certificate" ? client_chain : client_key)
        set_to("set", full, option, was)
        print "    " name " = " option
    } else {
        outside(full, name, was)
        print line
    }
}

function no_ciphers(full, was) {
    tell("finding", full " = " was " is nothing that GnuTLS knows, with which the lab's Exim is linked: it is left out")
}

function put_asked(full, name, was) {
    set_to("set", full, driver[full], was)
    if (driver[full] != "") {
        outside(full, name, driver[full])
        print "    " name " = " driver[full]
    }
    delete driver[full]
}
