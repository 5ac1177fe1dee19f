# Part of config.sh: writes the wanted settings into main.cf, once each, and tells those that were otherwise.
# Its input has CLASS, NAME and `= VALUE`, with tabs between; without a value the default is wanted, and only
# where the user has set something.
function value(line) {
    sub(/^[^=]*= ?/, "", line)
    return line
}
function shown(text) { return text == "" ? "empty" : text }
BEGIN {
    while ((getline line < defaults) > 0) { name = line; sub(/ =.*/, "", name); usual[name] = value(line) }
    while ((getline line < user) > 0) { name = line; sub(/ =.*/, "", name); own[name] = value(line) }
}
{
    if (!($2 in class)) order[++count] = $2
    class[$2] = $1
    wanted[$2] = NF > 2 ? substr($0, length($1) + length($2) + 5) : ""
    by_default[$2] = NF < 3
}
END {
    for (i = 1; i <= count; i++) {
        name = order[i]
        if (by_default[name]) {
            if (!(name in own)) continue
            wanted[name] = usual[name]
        }
        was = name in own ? own[name] : usual[name]
        if (was == wanted[name]) continue
        print class[name] "\t" name " = " shown(wanted[name]) " (was " shown(was) (name in own ? "" : ", the default") ")"
        changed[name] = 1
    }
    # A logical line goes on in lines that begin with white space; comments do not end it.
    while ((getline line < main) > 0) {
        if (line ~ /^[ \t]*(#|$)/) { print line > out; continue }
        if (line !~ /^[ \t]/) {
            name = line
            sub(/[ \t]*=.*/, "", name)
            dropped = name in changed
        }
        if (!dropped) print line > out
    }
    for (i = 1; i <= count; i++) if (order[i] in changed) print order[i] " = " wanted[order[i]] > out
}
