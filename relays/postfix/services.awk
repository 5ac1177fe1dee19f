# Part of config.sh: writes master.cf as the lab needs it, and tells what is otherwise. Its input are the names of ports; the defaults; lab.cf, of which
# the names count: a service may not set these for itself; and then the services, one a line, as `postconf -M` has them.

# The words after the program's name, an option with braces as one; leaves them in `word`, and gives their count.
function split_words(text,    count, at) {
    count = 0
    while (text != "") {
        sub(/^ +/, "", text)
        if (text == "") break
        at = substr(text, 1, 1) == "{" ? index(text, "}") : index(text, " ") - 1
        if (at < 1) at = length(text)
        word[++count] = substr(text, 1, at)
        text = substr(text, at + 1)
    }
    return count
}
function option_name(text) {
    sub(/^\{ */, "", text)
    sub(/ *=.*/, "", text)
    return text
}
function option_value(text) {
    sub(/^[^=]*= */, "", text)
    sub(/ *\}$/, "", text)
    return text
}
# The options of a service without those that are the lab's to set; tells them.
function kept(at, text,    count, i, name, result) {
    count = split_words(text)
    result = ""
    for (i = 1; i <= count; i++) {
        if (word[i] == "-o" && i < count) {
            name = option_name(word[i + 1])
            if (name in labs) {
                # What is the default was set against main.cf, which says the default now.
                if (option_value(word[i + 1]) != usual[name]) print labs[name] "\tmaster.cf " at " -o " word[i + 1] " is left out"
                i++
                continue
            }
            if (name == "smtp_tls_cert_file" || name == "smtp_tls_key_file") {
                print "set\tmaster.cf " at " -o " name " = the lab's (was " word[i + 1] ")"
                word[i + 1] = name "=" pki "/" (name == "smtp_tls_cert_file" ? client_chain : client_key)
            }
            if (name == "smtpd_tls_CAfile") {
                print "set\tmaster.cf " at " -o " name " = the lab's (was " word[i + 1] ")"
                word[i + 1] = name "=" pki "/" client_roots
            }
        }
        result = result " " word[i]
    }
    return result
}
# The same without what decides who is let in, but for the demand of TLS and, where it is `proven`, of a certificate.
function open_door(text, plaintext, proven,    count, i, result) {
    count = split_words(text)
    result = ""
    for (i = 1; i <= count; i++) {
        if (word[i] == "-o" && i < count && option_name(word[i + 1]) ~ /^(smtpd_.*_restrictions|smtpd_delay_reject)$/) { i++; continue }
        if (word[i] == "-o" && i < count && option_name(word[i + 1]) == "smtpd_tls_req_ccert" && !proven) { i++; continue }
        result = result " " word[i]
    }
    return result " -o smtpd_client_restrictions= -o smtpd_helo_restrictions= -o smtpd_sender_restrictions=" plaintext \
        " -o smtpd_recipient_restrictions= -o smtpd_relay_restrictions=permit_mynetworks,reject -o smtpd_data_restrictions=" \
        " -o smtpd_end_of_data_restrictions=" (proven ? "" : " -o smtpd_tls_req_ccert=no") " -o smtpd_delay_reject=yes"
}
# The same where the lab hands in mail in plaintext.
function without_demand(text,    count, i, own) {
    count = split_words(text)
    own = demand
    for (i = 1; i < count; i++)
        if (word[i] == "-o" && option_name(word[i + 1]) == "smtpd_tls_security_level") own = option_value(word[i + 1])
    if (own != "encrypt") return text
    print "warning\tmaster.cf " name " takes no mail outside TLS, and the lab hands in some; --inbound encryption-only plays what it demands"
    return text " -o smtpd_tls_security_level=may -o smtpd_enforce_tls=no"
}
function head(fields,    i, text) {
    text = fields[3] " " fields[4] " n " fields[6] " " fields[7] " " fields[8]
    return text
}
# Whether its restrictions, or those of main.cf, refuse what comes in plaintext.
function refusal(text) {
    return refuses != "" || text ~ /reject_plaintext_session/ ? "reject_plaintext_session" : ""
}
function listens(address, name, text, plaintext, proven) {
    print address " inet n - n - - smtpd" open_door(text, plaintext, proven) > out
    print "time\tmaster.cf " address "/inet (was " name ")"
}

FILENAME == defaults {
    name = $0
    sub(/ =.*/, "", name)
    usual[name] = substr($0, length(name) + 4)
    next
}
FILENAME == "lab.cf" {
    if ($1 == "set" || $1 == "time") labs[$2] = $1
    next
}
{
    count = split($0, field, " ")
    rest = ""
    for (i = 9; i <= count; i++) rest = rest " " field[i]
    name = field[1] "/" field[2]
    program = field[8]
    if (field[5] == "y") chrooted = chrooted (chrooted == "" ? "" : ", ") field[1]
    if (field[2] == "inet") {
        loopback = field[1] ~ /^(127\.|localhost:|\[::1\]|::1)/
        inet[++inets] = name
        inet_rest[inets] = rest
        inet_port[inets] = program == "smtpd" || program == "postscreen" ? port_of(field[1]) : ""
        inet_program[inets] = program
        inet_wrapped[inets] = rest ~ /smtpd_tls_wrappermode *= *yes/ || (wrapped == "yes" && rest !~ /smtpd_tls_wrappermode/)
        inet_near[inets] = loopback
        next
    }
    if (field[2] == "pass" && program == "smtpd") { behind = rest; has_behind = 1; next }
    lines[++kept_lines] = name SUBSEP field[1] " " field[2] " " head(field) SUBSEP rest
    if (field[1] == "postlog") postlog = 1
}
END {
    for (i = 1; i <= kept_lines; i++) {
        split(lines[i], part, SUBSEP)
        print part[2] kept(part[1], part[3]) > out
    }
    if (!postlog) print "postlog unix-dgram n - n - 1 postlogd" > out
    # Reports go to the lab, whatever the policy and the routes of the user's mail are.
    print "waxseal-report unix - - n - - smtp -o smtp_tls_security_level=may -o smtp_tls_policy_maps= -o smtp_tls_wrappermode=no" \
        " -o smtp_fallback_relay= -o smtp_generic_maps= -o smtp_tls_per_site=" > out
    if (chrooted != "") print "set\tmaster.cf: these run outside their chroot: " chrooted
    count = split(meant, pairs, " ")
    for (i = 1; i <= count; i++) {
        split(pairs[i], part, "=")
        port_for[part[1]] = part[2]
    }
    count = split(listeners, wanted, " ")
    for (i = 1; i <= count; i++) {
        if (!service_of(wanted[i])) exit
        if (wanted[i] == "opportunistic") listens(opportunistic, name, without_demand(kept(name, rest)), "", 0)
        else if (wanted[i] == "encryption-only") listens(encryption, name, kept(name, rest), refusal(rest), 0)
        else if (wanted[i] == "mutual") listens(mutual, name, kept(name, rest), refusal(rest), 1)
        else listens(implicit, name, kept(name, rest), "", 0)
    }
    for (i = 1; i <= inets; i++) if (!(i in used)) left = left (left == "" ? "" : ", ") substr(inet[i], 1, length(inet[i]) - 5)
    if (left != "") print "time\tmaster.cf: these listeners are left out: " left
}

# The service that is played as a connector, in `name` and `rest`. 0: there is none, and why stands in `refused`.
function service_of(wanted,    i, at) {
    if (wanted in port_for) {
        for (i = 1; i <= inets; i++)
            if (inet_port[i] == port_for[wanted] && (!at || (inet_near[at] && !inet_near[i]))) at = i
        if (at && inet_wrapped[at] != (wanted == "implicit")) {
            print "master.cf " inet[at] (inet_wrapped[at] ? " begins with TLS" : " has no smtpd_tls_wrappermode=yes") ", so --inbound " port_for[wanted] "=" wanted " cannot be played" > refused
            return 0
        }
        if (at) return take(at)
        for (i = 1; i <= inets; i++) if (inet_port[i] != "") known = known (known == "" ? "" : ", ") inet_port[i]
        print "master.cf has no smtpd at port " port_for[wanted] ", so --inbound " port_for[wanted] "=" wanted " cannot be played; it has some at " known > refused
        return 0
    }
    if (wanted == "implicit") {
        for (i = inets; i; i--) if (inet_program[i] == "smtpd" && inet_wrapped[i]) at = i
        if (at) return take(at)
        print "master.cf has no inet service with smtpd_tls_wrappermode=yes, so --inbound implicit cannot be played" > refused
        return 0
    }
    if (wanted == "mutual") {
        for (i = inets; i; i--)
            if (inet_program[i] == "smtpd" && !inet_wrapped[i] && !inet_near[i] && (inet_rest[i] ~ /smtpd_tls_req_ccert *= *yes/ || req_ccert == "yes")) at = i
        if (at) return take(at)
        print "no service of master.cf demands a client certificate (smtpd_tls_req_ccert=yes), so --inbound mutual cannot be played" > refused
        return 0
    }
    return take(entrance())
}
# Where others hand in mail: at port 25, by smtpd or behind postscreen, or else at the first other port. 0: nowhere.
function entrance(    i, at, screen) {
    for (i = inets; i; i--) {
        if (inet_near[i] || inet_port[i] != 25) continue
        if (inet_program[i] == "smtpd" && !inet_wrapped[i]) at = i
        if (inet_program[i] == "postscreen") screen = i
    }
    if (at || screen) return at ? at : screen
    for (i = inets; i; i--) if (inet_program[i] == "smtpd" && !inet_wrapped[i] && !inet_near[i]) at = i
    if (at && !told_entrance++) print "set\tmaster.cf has no smtpd at port 25, so " inet[at] " is where mail is handed in and what inbound cases are about"
    return at + 0
}
# 1: it is in `name` and `rest`.
function take(at) {
    if (!at) {
        name = "a listener of the lab's"
        rest = " -o smtpd_tls_security_level=may -o smtpd_tls_cert_file=" pki "/" chain " -o smtpd_tls_key_file=" pki "/" key
        print "warning\tmaster.cf has no service that takes mail from others, so a listener of the lab's stands in for it, and inbound cases at that one say nothing about this configuration"
        return 1
    }
    used[at] = 1
    name = inet[at]
    rest = inet_rest[at]
    if (inet_program[at] == "postscreen") {
        if (!has_behind) { print "master.cf has postscreen at port " inet_port[at] " and no smtpd pass service behind it" > refused; return 0 }
        name = "smtpd/pass behind postscreen"
        rest = behind
        print "set\tmaster.cf smtpd/pass listens itself (was behind postscreen)"
    }
    return 1
}
