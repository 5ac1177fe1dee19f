# Part of config.sh: writes master.cf as the lab needs it, and tells what is otherwise. Its input are the defaults; lab.cf, of which
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
        }
        result = result " " word[i]
    }
    return result
}
# The same without what decides who is let in.
function open_door(text,    count, i, result) {
    count = split_words(text)
    result = ""
    for (i = 1; i <= count; i++) {
        if (word[i] == "-o" && i < count && option_name(word[i + 1]) ~ /^(smtpd_.*_restrictions|smtpd_tls_req_ccert|smtpd_delay_reject)$/) { i++; continue }
        result = result " " word[i]
    }
    return result " -o smtpd_client_restrictions= -o smtpd_helo_restrictions= -o smtpd_sender_restrictions=" plaintext \
        " -o smtpd_recipient_restrictions= -o smtpd_relay_restrictions=permit_mynetworks,reject -o smtpd_data_restrictions=" \
        " -o smtpd_end_of_data_restrictions= -o smtpd_tls_req_ccert=no -o smtpd_delay_reject=yes"
}
function head(fields,    i, text) {
    text = fields[3] " " fields[4] " n " fields[6] " " fields[7] " " fields[8]
    return text
}
function listens(address, name, text) {
    print address " inet n - n - - smtpd" open_door(text) > out
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
        port = field[1]
        sub(/^.*:/, "", port)
        loopback = field[1] ~ /^(127\.|localhost:|\[::1\]|::1)/
        wrapped = rest ~ /smtpd_tls_wrappermode *= *yes/
        if (program == "smtpd" && wrapped && implicit_name == "") { implicit_name = name; implicit_rest = rest; }
        else if ((port == "smtp" || port == "25") && program == "smtpd" && !loopback && smtp_name == "") { smtp_name = name; smtp_rest = rest }
        else if ((port == "smtp" || port == "25") && program == "postscreen" && !loopback) screened = name
        else if (program == "smtpd" && !wrapped && !loopback && other_name == "") { other_name = name; other_rest = rest }
        else left = left (left == "" ? "" : ", ") field[1]
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
    if (smtp_name == "" && screened != "") {
        if (!has_behind) { print "master.cf has postscreen at port 25 and no smtpd pass service behind it" > refused; exit }
        smtp_name = "smtpd/pass behind postscreen"
        smtp_rest = behind
        print "set\tmaster.cf smtpd/pass listens itself (was behind postscreen)"
    }
    if (smtp_name != "" && other_name != "") left = left (left == "" ? "" : ", ") substr(other_name, 1, length(other_name) - 5)
    if (smtp_name == "" && other_name != "") {
        smtp_name = other_name
        smtp_rest = other_rest
        print "set\tmaster.cf has no smtpd at port 25, so " other_name " is where mail is handed in and what inbound cases are about"
    }
    if (smtp_name == "") {
        smtp_name = "a listener of the lab's"
        smtp_rest = " -o smtpd_tls_security_level=may -o smtpd_tls_cert_file=" pki "/" chain " -o smtpd_tls_key_file=" pki "/" key
        print "warning\tmaster.cf has no service that takes mail from others, so a listener of the lab's stands in for it, and inbound cases say nothing about this configuration"
    }
    if (left != "") print "time\tmaster.cf: these listeners are left out: " left
    count = split(listeners, wanted, " ")
    for (i = 1; i <= count; i++) {
        if (wanted[i] == "opportunistic") listens(opportunistic, smtp_name, kept(smtp_name, smtp_rest))
        else if (wanted[i] == "encryption-only") listens(encryption, smtp_name, kept(smtp_name, smtp_rest))
        else if (wanted[i] == "implicit") {
            if (implicit_name == "") {
                print "master.cf has no inet service with smtpd_tls_wrappermode=yes, so --inbound implicit cannot be played" > refused
                exit
            }
            listens(implicit, implicit_name, kept(implicit_name, implicit_rest))
        }
        else {
            print "--inbound " wanted[i] " cannot be played: the smtp service is opportunistic or encryption-only" > refused
            exit
        }
    }
}
