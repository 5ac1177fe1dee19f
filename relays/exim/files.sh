# Part of config.sh: the files that the user's configuration names, put inside at their own paths.

# Every path of an ordinary file of this host; programs, logs and devices are those of the private root.
paths() {
    grep -o '/[A-Za-z0-9_.@+-]\+\(/[A-Za-z0-9_.@+-]\+\)*' "$1" | sort -u |
        grep -v '^/\(bin\|dev\|proc\|run\|sbin\|sys\|tmp\|usr\|var/log\|var/spool\|var/run\)/' || true
}

for path in $(paths "$run/read"); do
    [ -f "$path" ] || continue
    bring "$path" || true
done

# The server's own certificate: without it, or with its key elsewhere, the lab's is shown.
unreadable=
for path in $(sed -n 's/^tls_\(certificate\|privatekey\) = //p' "$run/read" | tr ': ' '\n\n'); do
    case $path in
    /*'$'*) ;;
    /*) [ -r "$root$path" ] || unreadable=yes ;;
    esac
done

# lookups FILE: a table that is looked up in a file has to be there. One that is asked for with `exists` need not.
lookups() {
    grep -v '^ *#' "$1" |
        grep -o '\(lsearch\|cdb\|dbm\|dbmjz\|dbmnz\|dsearch\)\(,[a-z=,]*\)\? *[;{] *"\?/[^ :;,{}"]*' |
        sed 's/^[^/]*//' | sort -u >"$run/tables"
    while read -r path; do
        case $path in
        # The name is made when it is asked for: all of the folder may be meant.
        *'$'*)
            path=${path%%'$'*}
            path=${path%/*}
            ;;
        esac
        bring "$path" || {
            if [ "$path" = /etc/aliases ]; then
                : >"$root$path"
                echo "$path is empty (was not there)"
            elif ! grep -q "exists *{ *$path" "$1"; then
                refuse "it looks something up in $path, and there is no such file; put it there, or set the" \
                    "macro or option that names it otherwise for the test, --config-set 'NAME=VALUE'"
            fi
        }
    done <"$run/tables"
    rm -f "$run/tables"
}
