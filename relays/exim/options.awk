# Part of config.sh: the lines of a configuration as `exim -bP config` prints it.

function trimmed(line) {
    sub(/^ */, "", line)
    sub(/ *$/, "", line)
    return line
}

# `remote_smtp:` alone in a line begins a driver, or an access rule.
function begins_block(line) { return line ~ /^ *[A-Za-z0-9_.-]+ *: *$/ }

function block_of(line) {
    sub(/^ */, "", line)
    sub(/ *:.*/, "", line)
    return line
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

# Macros are expanded already, and their definitions may stand in any section.
function says_nothing(line) { return line ~ /^#/ || line ~ /^ *$/ || line ~ /^ *[A-Z][A-Za-z0-9_]* *=/ }
