# Part of config.sh: finds the tables and files that parameters name. Prints PARAMETER, the word, and whether the
# lab's mail asks it, `asked` or `indifferent`, or `slip` where it is no table at all, with tabs between. Its input
# are, after the services, lab.cf and the defaults, `NAME = VALUE` with all references resolved; of master.cf NAME is
# SERVICE/TYPE/PARAMETER.

# What is changed anyway, is read elsewhere or only permits something.
function skipped(name) {
    return name ~ /^(alias_|postscreen_|proxy_|smtpd_sasl_|smtpd_milter|address_verify_|mailbox_|import_environment)/ ||
        name ~ /(_restrictions|_restriction_classes|_session_cache_database|_directory|_milters|_program|_command)$/ ||
        name ~ /(_CAfile|_CApath|_tls_[a-z]*cert_file|_tls_[a-z]*key_file|_tls_chain_files)$/ ||
        name ~ /^(content_filter|maillog_file.*|mynetworks|sendmail_path|newaliases_path|mailq_path|manpage_.*)$/ ||
        name ~ /^(readme_.*|html_.*|sample_.*|debug_peer_list|dovecot_.*|execution_.*|smtp_tls_trust_anchor_file)$/
}
# Who has a mailbox here and who may log in does not matter to mail for others.
function indifferent(name) {
    return name ~ /^(tls_server_sni_maps|virtual_mailbox_(maps|limit_maps|limit_override)|virtual_[ug]id_maps|relay_recipient_maps)$/ ||
        name ~ /^(local_recipient_maps|smtpd_sender_login_maps|rbl_reply_maps|relocated_maps|fast_flush_domains)$/ ||
        name ~ /^(fallback_transport_maps|lmtp_|local_|smtp_sasl_|qmqpd_|luser_relay|virtual_mailbox_base|authorized_)/
}
# Parameters whose values may name a file, with names or addresses in it or for itself.
function takes_files(name) {
    return name ~ /(_file|_files|_domains|_networks|_clients|_exceptions|_hosts|_destinations)$/ || name == "mydestination"
}
function is_table(word) {
    return word ~ /^(hash|btree|lmdb|cdb|dbm|sdbm|texthash|regexp|pcre|cidr|sqlite|ldap|mysql|pgsql|mongodb|memcache|nis|nisplus|netinfo|tcp|socketmap):/
}
# The value less what stands in braces, which is no name of a table.
function outside_braces(value,    i, letter, depth, result) {
    for (i = 1; i <= length(value); i++) {
        letter = substr(value, i, 1)
        if (letter == "{") depth++
        else if (letter == "}") depth--
        else if (!depth) result = result letter
    }
    return result
}
# A word in the place of a table that has the form of one, and whose type is none of Postfix's.
function is_slip(word) {
    return word ~ /^[a-z][a-z0-9_]*:/ && !is_table(word) &&
        word !~ /^(static|inline|unionmap|pipemap|randmap|internal|environ|unix|fail|proxy|debug):/
}
FILENAME == services {
    split($0, part, " ")
    # Mail for others goes through these.
    if (part[8] ~ /^(smtp|trivial-rewrite|qmgr|nqmgr|oqmgr|bounce|proxymap)$/ || part[1] == "cleanup") used[part[1] "/" part[2]] = 1
    next
}
FILENAME == "lab.cf" {
    if ($1 == "set" || $1 == "time") labs[$2] = 1
    next
}
FILENAME == defaults {
    sub(/ =.*/, "")
    known[$0] = 1
    next
}
{
    at = index($0, " =")
    full = substr($0, 1, at - 1)
    value = substr($0, at + 3)
    name = full
    if (split(full, part, "/") == 3) {
        name = part[3]
        if (!((part[1] "/" part[2]) in used)) next
    }
    # The user's own parameters are parts of others.
    if (!(name in known) || name in labs || skipped(name)) next
    if (name ~ /_maps$/ && !indifferent(name)) {
        count = split(outside_braces(value), words, /[, \t]+/)
        for (i = 1; i <= count; i++) {
            table = words[i]
            while (sub(/^(proxy|debug):/, "", table)) {}
            if (is_slip(table) && !seen[full, words[i]]++) print full "\t" words[i] "\t" table "\tslip"
        }
    }
    gsub(/[,{}]/, " ", value)
    count = split(value, words, /[ \t]+/)
    for (i = 1; i <= count; i++) {
        word = words[i]
        sub(/^!/, "", word)
        table = word
        while (sub(/^(proxy|debug):/, "", table)) {}
        if (is_table(table) || (takes_files(name) && table ~ /^\/[^\/].*[^\/]$/ && !index(table, ":"))) {
            if (!seen[full, word]++) print full "\t" word "\t" table "\t" (indifferent(name) ? "indifferent" : "asked")
        }
    }
}
