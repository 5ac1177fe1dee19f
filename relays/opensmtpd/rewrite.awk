# smtpd.conf of the user's, one statement a line, as the lab needs it. Beside it: `told`, the lines for waxseal;
# `needs`, the files and users that it names; `refused`, why it cannot be played.

# Words of a statement: a quoted string is one, and so is what stands between braces.
function cut(line,    i, letter, word, depth, quoted) {
    count = 0; word = ""
    for (i = 1; i <= length(line); i++) {
        letter = substr(line, i, 1)
        if (letter == "\"") quoted = !quoted
        if (!quoted && letter == "{") depth++
        if (!quoted && letter == "}") depth--
        if (!quoted && !depth && letter ~ /[ \t]/) {
            if (word != "") words[++count] = word
            word = ""
        } else word = word letter
    }
    if (word != "") words[++count] = word
}
function bare(word) { gsub(/^"|"$/, "", word); return word }

# Puts the values of macros in their places, outside of quoted strings.
function expand(line,    out, i, letter, quoted, name) {
    for (i = 1; i <= length(line); i++) {
        letter = substr(line, i, 1)
        if (letter == "\"") quoted = !quoted
        if (letter == "$" && !quoted && match(substr(line, i + 1), /^[A-Za-z0-9_]+/)) {
            name = substr(line, i + 1, RLENGTH)
            out = out (name in macro ? macro[name] : "$" name)
            i += RLENGTH
        } else out = out letter
    }
    return out
}
function tell(word, text) { print word "\t" text >told }
function need(kind, what) { if (!((kind, what) in needed)) print kind, what >needs; needed[kind, what] = 1 }
function ask(what) { unasked = unasked (unasked == "" ? "" : ", ") what }

function listener(    i, kind, port, kept) {
    kind = "opportunistic"; port = 25; kept = ""
    for (i = 4; i <= count; i++) {
        if (words[i] == "port") port = bare(words[++i])
        else if (words[i] ~ /^inet[46]$/) continue
        else if (words[i] == "filter") { tell("set", "listen on " words[3] ": the filter " words[++i] " is left out") }
        else if (words[i] ~ /^auth(-optional)?$/) {
            tell("set", "listen on " words[3] ": " words[i] " is left out, so mail is submitted without a login")
            if (words[i + 1] ~ /^</) i++
        }
        else if (words[i] == "senders") { i++; if (words[i + 1] == "masquerade") i++ }
        else if (words[i] == "proxy-v2") tell("set", "listen on " words[3] ": proxy-v2 is left out")
        else {
            if (words[i] == "smtps") kind = "implicit"
            if (words[i] == "tls-require") kind = words[i + 1] == "verify" ? "mutual" : "encryption-only"
            kept = kept " " words[i]
        }
    }
    if (!(kind in options) || (port == 25 && ports[kind] != 25)) {
        options[kind] = kept; ports[kind] = port
        interfaces[kind] = words[3]
    }
}

function action(    i, out, name, hop, tls, verify, pki, url) {
    name = bare(words[2]); out = "action " words[2] " " words[3]
    for (i = 4; i <= count; i++) {
        if (words[3] == "relay" && words[i] == "auth") {
            i++
            tell("set", "action " words[2] ": it logs in nowhere, because the hosts of the lab know no password")
        } else if (words[3] == "relay" && words[i] == "src") {
            tell("time", "action " words[2] ": src " words[++i] " is left out")
        } else if (words[3] == "relay" && words[i] == "host") {
            url = bare(words[++i]); sub(/\/\/[^\/@]*@/, "//", url)
            out = out " host \"" url "\""
            hop = url; sub(/^[a-z+]*:\/\//, "", hop)
            if (url ~ /^smtps:/) { tls = verify = 1; if (hop !~ /:[0-9]+$/) hop = hop ":465" }
            if (url ~ /^smtp\+tls:/) tls = verify = 1
        } else {
            if (words[i] == "user") need("user", bare(words[i + 1]))
            if (words[i] == "tls") tls = verify = 1
            if (words[i] == "no-verify") verify = 0
            if (words[i] == "pki") pki = 1
            out = out " " words[i]
        }
    }
    relays[name] = words[3] == "relay"
    connector[name] = verify ? "domain-validation" : pki && tls ? "mutual" : tls ? "encryption-only" : "opportunistic"
    level[name] = substr(out, length("action " words[2] " ") + 1)
    hops[name] = hop == "" ? "-" : hop
    return out
}

# A rule about who submits is also that of the lab, which submits from its addresses and without a login.
function rule(line,    i, ours, changed, from, name, domains) {
    if (line ~ /!from/) return line
    ours = "match from src \"127.0.0.0/8\""; from = "local"
    for (i = 2; i <= count; i++) {
        if (words[i] == "from") {
            from = words[i + 1]
            if (from ~ /^(local|socket|any)$/) i++
            else if (from == "auth") { i++; changed = "a login"; if (words[i + 1] ~ /^["<{]/) i++ }
            else { ours = ours " from"; from = "" }
        } else if (words[i] == "auth") {
            changed = "a login"
            if (words[i + 1] ~ /^["<{]/) i++
        } else {
            if (words[i] ~ /^!?(mail-from|helo|rdns)$/)
                tell("warning", "`" line "` depends on " words[i] ", of which the test has one value")
            ours = ours " " words[i]
        }
        if (words[i] == "action") name = bare(words[i + 1])
        if (words[i] == "domain" && words[i - 1] == "for" && words[i + 1] != "regex") domains = words[i + 1]
    }
    number++
    if (overview && name != "" && relays[name]) entries(domains, name)
    if (from == "any" && changed == "") return line
    if (from == "" ) return line
    if (changed != "") tell("set", "`" line "` also stands for the lab, without " changed)
    return ours "\n" line
}

function entries(domains, name,    list, i, parts, table, row) {
    if (domains == "") domains = "\"unlisted.example\""
    if (domains ~ /^</) {
        table = substr(domains, 2, length(domains) - 2)
        domains = table in inline ? inline[table] : ""
        if (table in files) while ((getline row <files[table]) > 0) if (row !~ /^[ \t]*(#|$)/) domains = domains "," row
    }
    gsub(/[{}"]/, "", domains)
    list = split(domains, parts, /[ \t]*,[ \t]*/)
    for (i = 1; i <= list; i++) {
        gsub(/^[ \t]+|[ \t]+$/, "", parts[i])
        sub(/^\*?\./, ".", parts[i])
        # The first rule that fits a domain is the one that counts.
        if (parts[i] == "" || parts[i] in listed) continue
        listed[parts[i]] = 1
        tell("entry", parts[i] "\t" connector[name] "\t" hops[name] "\tsmtpd.conf, match " number "\t" level[name])
    }
}

BEGIN {
    while ((getline set <settings) > 0) {
        if (set !~ /=/) continue
        name = set; sub(/ *=.*/, "", name); sub(/^ */, "", name)
        value = set; sub(/^[^=]*= */, "", value)
        given[name] = value
    }
    if (reports != "") {
        print "action \"waxseal_reports\" relay"
        print "match from any for domain \"" reports "\" action \"waxseal_reports\""
    }
}

{ line = expand($0); cut(line) }

line ~ /^[A-Za-z0-9_]+[ \t]*=/ {
    name = line; sub(/[ \t]*=.*/, "", name)
    value = line; sub(/^[^=]*=[ \t]*/, "", value)
    if (name in given) { tell("set", name " = " given[name] " (was " value ")"); value = given[name] }
    macro[name] = value
    next
}
words[1] == "listen" && words[3] != "socket" { listener(); next }
words[1] == "listen" { print "listen on socket"; next }
words[1] == "action" { print action(); next }
words[1] == "match" { print rule(line); next }
words[1] == "filter" || words[1] == "proc" {
    tell("set", words[1] " " words[2] " is left out")
    next
}
words[1] == "pki" && words[3] ~ /^(cert|key)$/ {
    print line
    material[bare(words[2]), words[3]] = bare(words[4]); pkis[bare(words[2])] = 1
    next
}
words[1] == "ca" { print line; need("roots", bare(words[4])); next }
words[1] == "table" {
    name = bare(words[2])
    if (("table " name) in given) {
        tell("set", "table " name " " given["table " name])
        print "table " words[2] " " given["table " name]
        next
    }
    source = bare(words[3])
    if (source ~ /^\{/) inline[name] = source
    else if (source ~ /^(file:|db:)?\//) { sub(/^(file|db):/, "", source); need("file", source); files[name] = source }
    else ask("table " name " (" source ")")
    print line
    next
}
words[1] == "queue" || words[1] == "bounce" || (words[1] == "mta" && words[2] == "limit") ||
    (words[1] == "smtp" && words[2] == "limit") { tell("time", "`" line "` is left out"); next }
{ print line }

END {
    total = split(listen, lines, "\n")
    for (i = 1; i <= total; i++) {
        if (split(lines[i], at, " ") != 3) continue
        if (at[1] in options) {
            print "listen on " at[2] " port " at[3] options[at[1]]
            tell("set", "listen on " interfaces[at[1]] " is at " at[2] ", port " at[3])
        } else if (at[1] == "opportunistic") {
            print "pki \"waxseal\" cert \"/etc/waxseal/" lab "\"\npki \"waxseal\" key \"/etc/waxseal/" labkey "\""
            print "listen on " at[2] " port " at[3] " tls pki \"waxseal\""
            tell("set", "a listener of the lab is added: the configuration has none that takes mail without TLS")
        } else print "--inbound " at[1] " cannot be played: it has no `listen on` of that kind" >refused
    }
    print "queue ttl 5s"
    print "mta limit conn-delay-route 0 conn-delay-relay 0 session-keepalive 0 max-conn-per-source 1000"
    tell("time", "queue ttl = 5s; no connection waits, and none is kept for another message")
    for (name in pkis) print "pair", material[name, "cert"], material[name, "key"] >needs
    if (unasked != "") {
        line = unasked; gsub(/ \([^)]*\)/, "", line)
        gsub(/, /, " = { }' --config-set '", line)
        print "it looks things up where nothing answers here: " unasked "; --config-set '" line " = { }' leaves them empty" >refused
    }
}
