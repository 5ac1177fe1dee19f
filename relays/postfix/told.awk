# Part of config.sh: tells in one sentence what cannot be asked, from $work/unasked: the parameters with their words, by
# what is wrong with them.
BEGIN {
    while ((getline line < defaults) > 0) {
        name = line
        sub(/ =.*/, "", name)
        known[name] = 1
    }
    while ((getline line < user) > 0) {
        name = line
        sub(/ =.*/, "", name)
        text[name] = substr(line, length(name) + 4)
    }
}
$3 == "asked" {
    # The parameter of the user's own through which the word comes.
    by = ""
    if (!index(text[$1], $2) && match(text[$1], /\$[({]?[a-zA-Z_]+/)) {
        by = substr(text[$1], RSTART, RLENGTH)
        gsub(/[${(]/, "", by)
        by = by in known ? "" : " (by $" by ")"
    }
    if (!($4 in names)) reasons[++count] = $4
    if ($4 in names && last[$4] == $1) names[$4] = names[$4] " and " $2 by
    else names[$4] = names[$4] (names[$4] == "" ? "" : ", " ) $1 " names " $2 by
    last[$4] = $1
}
END {
    for (i = 1; i <= count; i++) {
        why = reasons[i]
        if (names[why] ~ /, | and /) sub(/^which answers /, "which answer ", why)
        told = told (i > 1 ? "; " : "") names[reasons[i]] ", " why
    }
    print told
}
