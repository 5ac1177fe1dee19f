# Part of config.sh: what main.cf and master.cf say, and how it is changed. Edits of main.cf are collected
# and written at once: `postconf -e` would take a second for each.

postconf() { chroot "$root" /usr/sbin/postconf "$@" 2>/dev/null; }
postmap() { chroot "$root" /usr/sbin/postmap "$@"; }

postconf -d >"$work/defaults"
: >"$work/wanted"

# What main.cf says, as it is written: `NAME = VALUE`. A logical line goes on in lines that begin with white space.
read_user() {
    awk '
        function end() { if (name != "") value[name] = text; name = "" }
        /^[ \t]*(#|$)/ { next }
        /^[ \t]/ { sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, ""); text = text " " $0; next }
        {
            end()
            at = index($0, "=")
            if (!at) next
            name = substr($0, 1, at - 1)
            text = substr($0, at + 1)
            sub(/[ \t]+$/, "", name)
            sub(/^[ \t]+/, "", text)
            sub(/[ \t\r]+$/, "", text)
            if (!(name in value)) order[++count] = name
        }
        END { end(); for (i = 1; i <= count; i++) print order[i] " = " value[order[i]] }' "$etc/main.cf" >"$work/user"
}
# The same as Postfix reads it, with the values of the parameters that it refers to.
read_expanded() {
    chroot "$root" /usr/sbin/postconf -n >/dev/null 2>"$work/complaints" ||
        refuse "Postfix cannot read it: $(sed -n '$s/^[^ ]*postconf: //p' "$work/complaints")"
    postconf -nx >"$work/expanded"
}
value_in() { sed -n "s/^$2 = \\{0,1\\}//p" "$1"; }
is_set() { grep -q "^$1 =" "$work/user"; }
# The user's value with all references resolved, and where nothing is set the default.
value_of() {
    if is_set "$1"; then value_in "$work/expanded" "$1"; else value_in "$work/defaults" "$1"; fi
}

# What the lab needs: want CLASS NAME VALUE, where CLASS is `set` or `time`. The last one for a name holds.
want() { printf '%s\t%s\t= %s\n' "$1" "$2" "$3" >>"$work/wanted"; }
# The default, where only what the user has set can be in the way.
want_default() {
    class=$1
    shift
    for name in "$@"; do printf '%s\t%s\n' "$class" "$name" >>"$work/wanted"; done
}

# Writes what is wanted into main.cf and tells what was otherwise than the user has it.
write_edits() {
    cp "$etc/main.cf" "$work/main.cf"
    awk -F '\t' -v defaults="$work/defaults" -v user="$work/user" -v main="$work/main.cf" -v out="$etc/main.cf" \
        -f edits.awk "$work/wanted" >"$work/told" || refuse "main.cf could not be changed"
    [ "${WAXSEAL_CONFIG_OVERVIEW:-}" ] || cat "$work/told"
    aged "$etc/main.cf"
    : >"$work/wanted"
}

# The user's own settings for the test; SERVICE/TYPE/NAME is one of master.cf.
use_settings() {
    printf '%s\n' "$WAXSEAL_CONFIG_SET" >"$work/settings"
    while IFS= read -r setting; do
        name=$(echo "${setting%%=*}" | tr -d ' ') value=$(echo "${setting#*=}" | sed 's/^ *//')
        case $name in
        '') ;;
        */*/*)
            postconf -P "$name=$value" || refuse "$name cannot be set; write SERVICE/TYPE/PARAMETER=VALUE"
            say set "master.cf $name = ${value:-empty}"
            ;;
        *) want set "$name" "$value" ;;
        esac
    done <"$work/settings"
    read_user
    write_edits
    read_user
    aged "$etc"
}

# The overrides of lab.cf.
use_lab() {
    # Debian reads the name in a file; none of Postfix's commands work without it.
    case $(value_in "$work/user" myorigin) in
    /*) bring "$(value_in "$work/user" myorigin)" || echo "$WAXSEAL_HOSTNAME" >"$root$(value_in "$work/user" myorigin)" ;;
    esac
    while IFS= read -r line; do
        name=${line#* }
        case $line in
        set\ *=* | time\ *=*) value=${name#*=} && want "${line%% *}" "${name%% *}" "${value# }" ;;
        set\ * | time\ *) want_default "${line%% *}" "$name" ;;
        esac
    done <lab.cf
    # Of a transport of the user's.
    for name in $(sed -n 's/^\([a-z]*_destination_\(concurrency_failed_cohort_limit\|rate_delay\)\) =.*/\1/p' "$work/user"); do
        want time "$name" 0
    done
    if [ "$(value_in "$work/user" inet_protocols)" = ipv6 ]; then want set inet_protocols all; fi
}

# The services of master.cf, one line each, and what each sets for itself: `smtp/unix/NAME = VALUE`.
read_services() {
    postconf -M | awk '
        /^[^ \t]/ { if (line) print line; line = "" }
        { gsub(/[ \t]+/, " "); line = line $0 }
        END { if (line) print line }' >"$work/services"
    [ -s "$work/services" ] || refuse "Postfix cannot read its master.cf: $(chroot "$root" /usr/sbin/postconf -M 2>&1 | tail -n 1)"
    postconf -Px >"$work/own"
}
