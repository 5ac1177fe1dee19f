# Part of config.sh: access rules. Scanners find nothing, nobody is asked back, and what answers outside the sandbox
# finds nothing.

function acl_line(line,    before, head) {
    before = line
    head = "^ *((accept|deny|defer|discard|drop|require|warn) +)?"
    if (match(line, head "! *(malware|spam|ratelimit) *=")) line = verb(line) "condition = yes"
    else if (match(line, head "(malware|spam|ratelimit) *=")) line = verb(line) "condition = no"
    else if (match(line, head "! *verify *= *(reverse_host_lookup|helo)")) line = verb(line) "condition = no"
    else if (match(line, head "verify *= *(reverse_host_lookup|helo)")) line = verb(line) "condition = yes"
    else if (line ~ /verify *=.*\/ *callout/) sub(/ *\/ *callout.*/, "", line)
    else if (match(line, head "delay *=")) line = verb(line) "condition = yes"
    else if (match(line, head "control *= *(cutthrough_delivery|queue|queue_only|freeze)")) line = verb(line) "condition = yes"
    else if (asks(line) != "") line = acl_answered(line)
    if (line != before) tell("set", "acl " trimmed(line) " (was " trimmed(before) ")")
    return line
}

# `VERB NAME = VALUE`: the value as if nothing were found.
function acl_answered(line,    head, name) {
    if (line !~ /=/) return line
    head = line
    sub(/=.*/, "", head)
    name = trimmed(head)
    sub(/^.*[ !]/, "", name)
    return head "= " answered(name, substr(line, index(line, "=") + 1))
}

function verb(line) {
    if (match(line, /^ *(accept|deny|defer|discard|drop|require|warn) +/)) return substr(line, 1, RLENGTH)
    return "    "
}
