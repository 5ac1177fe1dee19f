# Part of config.sh: the files that the user's configuration names, put inside at their own paths, as they are.

# Every path of an ordinary file of this host; programs, logs and devices are those of the private root, and so
# are the system's roots, in which the lab's is.
paths() {
    grep -o '/[A-Za-z0-9_.@+-]\+\(/[A-Za-z0-9_.@+-]\+\)*' "$1" | sort -u |
        grep -v '^/\(bin\|dev\|proc\|run\|sbin\|sys\|tmp\|usr\|var/log\|var/spool\|var/run\)/\|^/etc/ssl/certs/ca-certificates.crt$' || true
}

files() {
    for path in $(paths "$run/read"); do
        [ -f "$(source_of "$path")" ] || continue
        bring "$path" || true
    done
    # Exim puts off all mail while there is no such filter.
    filter=$(sed -n 's/^system_filter *= *\(\/[^ $]*\) *$/\1/p' "$run/read") no_filter=
    [ -z "$filter" ] || [ -e "$root$filter" ] || no_filter=yes
    # The server's own certificate: without it, or with its key elsewhere, the lab's is shown.
    unreadable=
    for path in $(sed -n 's/^tls_\(certificate\|privatekey\) = //p' "$run/read" | tr ': ' '\n\n'); do
        case $path in
        /*'$'*) ;;
        /*) [ -r "$root$path" ] || unreadable=yes ;;
        esac
    done
}

# Tables that are looked up in files. What is not there goes to the file `missing`.
tables() {
    : >"$run/missing"
    {
        grep -v '^ *#' "$run/read"
        # What is set otherwise for the test names tables as well.
        cat "$run/settings"
    } | grep -o '\(lsearch\|cdb\|dbm\|dbmjz\|dbmnz\|dsearch\|sqlite\)\(,[a-z_=,]*\(file=\)\?\)\?[@*]* *[;{] *"\?/[^ :;,{}"]*\|sqlite,file=/[^ :;,{}"]*\|^sqlite_dbfile *= */.*' |
        sed 's/^\([a-z]*\)[^/]*/\1 /' | sort -u >"$run/tables"
    while read -r kind path; do
        case $path in
        # The name is made when it is asked for: all of the folder may be meant.
        *'$'*)
            path=${path%%'$'*}
            path=${path%/*}
            ;;
        esac
        [ "$path" ] || continue
        if bring "$path"; then
            older "$kind" "$path"
        elif [ "$path" = /etc/aliases ]; then
            : >"$root$path"
            tell set "$path is empty (was not there)"
        elif ! grep -q "exists *{ *$path" "$run/read"; then
            printf '%s\t%s\n' "$path" "$kind" >>"$run/missing"
        fi
    done <"$run/tables"
}

# older KIND PATH: whether Exim reads a table that was not made again after its source was changed.
older() {
    case $1 in
    cdb | dbm*) ;;
    *) return 0 ;;
    esac
    table=$(source_of "$2")
    for source in "${table%.*}" "$table.txt" "${table%.*}.txt" "$table.src"; do
        if [ "$source" != "$table" ] && [ -f "$source" ] && [ "$source" -nt "$table" ]; then
            differs=$(difference "$1" "$2" "$source")
            tell finding "$2 is older than its source ${source##*/}: Exim reads the old one${differs:+; $differs}"
            return 0
        fi
    done
}

# difference KIND PATH SOURCE: the first key that the table answers otherwise than its source.
difference() {
    sed -n 's/^\([^# :"][^ :]*\)[ :]\+\(.*[^ ]\) *$/\1 \2/p' "$3" | head -n 500 >"$run/tried"
    # Keys are asked as they stand there; what is looked up is never expanded.
    while read -r key value; do
        case $key in
        *[!A-Za-z0-9@.*_-]*) continue ;;
        esac
        printf '${lookup{%s}%s{%s}{$value}{\\N(nothing)\\N}}\n' "$key" "$1" "$2"
    done <"$run/tried" >"$run/session"
    exim -C /dev/null -be <"$run/session" 2>/dev/null | sed 's/^> //' >"$run/wrong"
    awk -v answers="$run/wrong" '
        $1 ~ /[^A-Za-z0-9@.*_-]/ { next }
        {
            if ((getline answer <answers) <= 0) exit
            value = $0
            sub(/^[^ ]* /, "", value)
            if (answer != value) { print $1 " is `" value "` in the source and `" answer "` in the table"; exit }
        }' "$run/tried"
}

# What decides nothing about where mail goes and under which TLS is looked up in an empty table.
empty_tables() {
    while IFS='	' read -r path kind; do
        # It may be set otherwise for the test.
        grep -qF "$path" "$etc/exim4.conf" || continue
        case $kind in
        lsearch)
            mkdir -p "$root${path%/*}"
            : >"$root$path"
            tell finding "$path is not there, and Exim puts off mail for which it looks something up in it; it is empty for the test"
            ;;
        *) tell finding "$path is not there, and Exim puts off mail for which it looks something up in it" ;;
        esac
    done <"$run/missing"
}
