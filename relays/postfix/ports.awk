# Part of config.sh: the port of a service of master.cf, read before the rest of a program. Its input is /etc/services,
# whose name is in `named`.

FILENAME == named {
    if ($2 ~ /\/tcp$/) {
        number = $2
        sub(/\/.*/, "", number)
        ports[$1] = number
        for (i = 3; i <= NF && $i !~ /^#/; i++) ports[$i] = number
    }
    next
}
# The number of a port; nothing where it is not known.
function port_of(text) {
    sub(/^.*:/, "", text)
    return text ~ /^[0-9]+$/ ? text : text in ports ? ports[text] : ""
}
