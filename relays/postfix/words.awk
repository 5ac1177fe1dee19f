# Part of config.sh: the values of parameters without the words that cannot be asked, or with what can be asked in
# their place. Its input is $work/unasked; prints PARAMETER and VALUE. The value is as the user has written it where
# the word stands in it, and else with its references resolved.
function read_values(file, into,    line, name) {
    while ((getline line < file) > 0) {
        name = line
        sub(/ =.*/, "", name)
        into[name] = substr(line, length(name) + 4)
    }
}
function replaced(text, old, new,    at, before, after) {
    at = index(text, old)
    while (at) {
        before = substr(text, 1, at - 1)
        after = substr(text, at + length(old))
        if (before ~ /(^|[ \t,{!])$/ && after ~ /^([ \t,}]|$)/) return before new after
        at = index(after, old)
        if (at) at += length(before) + length(old)
    }
    return text
}
function tidied(text) {
    gsub(/\{[ \t,]*\}/, "", text)
    gsub(/,([ \t]*,)+/, ",", text)
    gsub(/,[ \t]*\}/, " }", text)
    gsub(/^[ \t,]+|[ \t,]+$/, "", text)
    gsub(/[ \t]+/, " ", text)
    return text
}
BEGIN {
    read_values(user, written)
    read_values(expanded, resolved)
    read_values(own, resolved)
}
care == "" || $3 == care {
    if (!($1 in value)) {
        order[++count] = $1
        value[$1] = written[$1]
        whole[$1] = $1 in resolved ? resolved[$1] : written[$1]
    }
    now = replaced(value[$1], $2, $5)
    if (now == value[$1]) beyond[$1] = 1
    value[$1] = now
    whole[$1] = replaced(whole[$1], $2, $5)
}
END { for (i = 1; i <= count; i++) print order[i] "\t" tidied(order[i] in beyond ? whole[order[i]] : value[order[i]]) }
