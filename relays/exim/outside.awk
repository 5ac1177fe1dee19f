# Part of config.sh: what is looked up in a server, asked of a program, or looked up in a file that is not there.
# None of it answers in the sandbox.

BEGIN {
    servers = "(ldap|ldapdn|ldapm|mysql|pgsql|redis|ibase|oracle|nis|nis0|nisplus|whoson)"
    files = "(lsearch|wildlsearch|nwildlsearch|iplsearch|cdb|dbm|dbmjz|dbmnz|dsearch)"
    while ((getline line <missing) > 0) {
        sub(/\t.*/, "", line)
        absent[line] = 1
    }
}

# What a text asks, the first of it; empty for nothing. A file that is not there counts where it decides about mail
# that goes out.
function asks(text,    rest, kind, path) {
    if (match(text, /\$\{(perl|run|dlfunc|readsocket)[ ,{]/)) return substr(text, RSTART + 2, RLENGTH - 3)
    rest = text
    while (match(rest, servers "(,[a-z_=,]*)? *[;{]")) {
        kind = substr(rest, RSTART, RLENGTH)
        # The end of a longer word is no lookup.
        if (RSTART == 1 || substr(rest, RSTART - 1, 1) !~ /[A-Za-z0-9_]/) {
            sub(/[ ,;{].*/, "", kind)
            return kind
        }
        rest = substr(rest, RSTART + RLENGTH)
    }
    if (absent_counts) for (path in absent) if (looks_in(text, path)) return path ", and there is no such file"
    return ""
}

function looks_in(text, path,    at) {
    at = index(text, path)
    return at && substr(text, at + length(path), 1) !~ /[A-Za-z0-9_.\/-]/ &&
        substr(text, 1, at - 1) ~ (files "(,[a-z_=,]*)?[@*]* *[;{] *\"?$")
}

# The text as it is if nothing is found where it asks. An expansion becomes what it has for that, an item of a list
# goes.
function without(text,    guard) {
    while (asks(text) != "" && guard++ < 40) text = one_less(text)
    return trimmed(text)
}

function one_less(text,    at, end, inner, found) {
    # The last that begins is inside of the others.
    for (at = length(text) - 1; at > 0; at--) {
        if (substr(text, at, 2) != "${") continue
        end = closing(text, at + 1)
        if (!end) continue
        inner = substr(text, at + 2, end - at - 2)
        if (inner ~ /^(lookup|perl|run|dlfunc|readsocket)[ ,{]/ && asks("${" inner "}") != "") {
            found = not_found(inner)
            return substr(text, 1, at - 1) found substr(text, end + 1)
        }
    }
    return item_less(text)
}

# Where the brace that opens at `at` is closed.
function closing(text, at,    depth, c) {
    for (; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (c == "\\") at++
        else if (c == "{") depth++
        else if (c == "}" && --depth == 0) return at
    }
    return 0
}

# What `${inner}` is when nothing is found: the last of its groups, if it has one for that.
function not_found(inner,    kind, at, end, group, count, groups, single) {
    kind = inner
    sub(/[ ,{].*/, "", kind)
    # A key in braces stands before the kind of a table.
    single = inner ~ /^lookup *\{/
    for (at = 1; at <= length(inner); at++) {
        if (substr(inner, at, 1) != "{") continue
        end = closing(inner, at)
        if (!end) break
        groups[++count] = substr(inner, at + 1, end - at - 1)
        at = end
    }
    if (kind == "perl" || kind == "dlfunc") return ""
    if (kind == "readsocket") return count > 4 ? groups[5] : ""
    at = (kind == "lookup" && single) ? 4 : 3
    if (count >= at) return groups[at]
    return inner ~ /fail *$/ ? "${if eq{1}{2}{}fail}" : ""
}

# One item of a list less, which asks; doubled separators belong to it.
function item_less(text,    mark, at, c, count, items, kept, number, separator) {
    separator = ":"
    if (match(text, /^ *<[^A-Za-z0-9] */)) {
        mark = substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
        separator = substr(trimmed(mark), 2, 1)
    }
    count = 1
    for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (c != separator) items[count] = items[count] c
        else if (substr(text, at + 1, 1) == separator) { items[count] = items[count] c c; at++ }
        else count++
    }
    for (at = 1; at <= count; at++) if (asks(items[at]) == "") kept = kept (number++ ? " " separator " " : "") trimmed(items[at])
    return mark kept
}

# The value that stands in the place of one that asks: never empty, because that would be the default.
function answered(option, value) {
    value = without(value)
    if (value != "") return value
    if (option ~ /list /) return "! *"
    if (option ~ /^(domains|senders|hosts_.*|local_parts|tls_verify_hosts|tls_try_verify_hosts)$/) return "! *"
    if (option == "condition") return "false"
    return "${if eq{1}{2}{x}}"
}

# What decides about mail that goes out goes to the file `asked`, with the value that would do.
function outside(full, option, value,    kind, at, kinds, left) {
    kind = asks(value)
    if (kind == "") return
    left = value
    kinds = kind
    while ((left = one_less(left)) != "" && at++ < 20) {
        kind = asks(left)
        if (kind == "") break
        if (index(", " kinds ", ", ", " kind ", ") == 0) kinds = kinds ", " kind
    }
    print full "\t" kinds "\t" answered(option, value) >asked
}
