# Part of overview.sh: lists of domains and tables of them, as literal domains where they are.

# items(VALUE, INTO): splits a list. Gives how many there are.
function items(value, into,    separator, at, c, count) {
    split("", into)
    separator = ":"
    if (match(value, /^ *<[^A-Za-z0-9 ] */)) {
        separator = substr(trimmed(substr(value, 1, RLENGTH)), 2, 1)
        value = substr(value, RLENGTH + 1)
    }
    if (value ~ /^ *$/) return 0
    count = 1
    for (at = 1; at <= length(value); at++) {
        c = substr(value, at, 1)
        if (c != separator) into[count] = into[count] c
        else if (substr(value, at + 1, 1) == separator) { into[count] = into[count] c; at++ }
        else count++
    }
    for (at = 1; at <= count; at++) into[at] = trimmed(into[at])
    return count
}

# Adds what a list of domains names: to `domain` and `place`, both up to `found`. What is no literal domain is `-`, with
# its own words in `words`.
function domains_of(value, where, depth,    own, count, at, item, file) {
    count = items(value, own)
    # Separators may stand in an expansion.
    if (value ~ /\$[{]/) { add("-", where, "domains = " value); return }
    for (at = 1; at <= count; at++) {
        item = own[at]
        if (item ~ /^!/) { if (count == 1) add("-", where, "domains = " value) }
        else if (item ~ /^\+/ && depth < 8) domains_of(named[substr(item, 2)], where, depth + 1)
        else if (item ~ /^(partial[0-9]*-)?n?(wild)?lsearch[@*,a-z_=]*;/) {
            file = item
            sub(/^[^;]*; */, "", file)
            table_of(file)
        } else add(literal(item), where, literal(item) == "-" ? "domains = " item : "")
    }
}

# `*.x.example` is all below x.example.
function literal(item) {
    if (item ~ /^\*\.[A-Za-z0-9_.-]+$/) return substr(item, 2)
    if (item ~ /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/) return item
    return "-"
}

function add(name, where, text) {
    domain[++found] = name
    place[found] = where
    words[found] = text
    told_value[found] = ""
}

# The keys of a text file, each at its line; what it says of each is in `told_value`.
function table_of(file,    line, number, key, short) {
    short = file
    sub(/.*\//, "", short)
    while ((getline line < (root file)) > 0) {
        number++
        if (line ~ /^ *(#|$)/ || line ~ /^[ \t]/) continue
        key = line
        sub(/[: \t].*/, "", key)
        gsub(/"/, "", key)
        sub(/^[^: \t]*[: \t]*/, "", line)
        add(literal(key), short ":" number, literal(key) == "-" ? key : "")
        told_value[found] = trimmed(line)
    }
    close(root file)
}
