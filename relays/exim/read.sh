# Part of config.sh: the user's configuration as Exim reads it, with what was set otherwise for the test.

# What Exim says when it cannot read something, in one line.
said() {
    grep -v 'purging the environment\|Suggested action' "$run/wrong" | tr '\n' ' ' |
        sed 's/^[-0-9]* [0-9:]* //; s/  */ /g; s/ $//'
}

# Macros go to `macros`, as Exim takes them on its command line, all else to the file `settings`.
read_settings() {
    : >"$run/settings"
    : >"$run/macros"
    printf '%s\n' "$WAXSEAL_CONFIG_SET" >"$run/asked"
    while IFS= read -r setting; do
        name=$(echo "${setting%%=*}" | sed 's/^ *//; s/ *$//') value=$(echo "${setting#*=}" | sed 's/^ *//')
        case $name in
        '') ;;
        [A-Z]*)
            echo "-D$name=$value" >>"$run/macros"
            tell set "$name = ${value:-empty}"
            ;;
        *) printf '%s\t%s\n' "$name" "$value" >>"$run/settings" ;;
        esac
    done <"$run/asked"
}

# Exim prints what it has read with all parts included and all macros expanded. What it misses is made or brought.
read_own() {
    set --
    while IFS= read -r macro; do
        set -- "$@" "$macro"
    done <"$run/macros"
    rm -f "$run/macros"
    # Where the lab's Exim cannot log, it does not even read.
    logged=$(sed -n 's/^ *log_file_path *= *//p' "$etc/exim4.conf" | head -n 1)
    if [ "$logged" ]; then
        sed -i 's/^ *log_file_path *=.*//' "$etc/exim4.conf"
        tell time "log_file_path is left out (was $logged)"
    fi
    rounds=0
    until exim -C /etc/exim4/exim4.conf "$@" -bP config >"$run/read" 2>"$run/wrong"; do
        rounds=$((rounds + 1))
        wrong=$(said)
        name=$(echo "$wrong" | sed -n 's/.* \(user\|group\) \([A-Za-z0-9_.-]*\) was not found.*/\2/p')
        part=$(echo "$wrong" | sed -n 's/.*included configuration file \(\/[^ :]*\).*/\1/p')
        if [ $rounds -lt 40 ] && [ "$name" ]; then
            make_user "$name"
        elif [ $rounds -lt 40 ] && [ "$part" ] && [ ! -e "$root$part" ] && bring "$part"; then
            :
        else
            refuse "Exim cannot read it: $wrong"
        fi
    done
    # It may have logged as a user that the lab's Exim is not.
    rm -f "$root"/var/log/exim4/*
    cp "$run/read" "$run/own"
}

make_user() {
    ! grep -q "^$1:" "$root/etc/group" || refuse "Exim cannot read it: $wrong"
    grep -q "^$1:" "$root/etc/passwd" || echo "$1:x:$((9400 + rounds)):$((9400 + rounds))::/:/usr/sbin/nologin" >>"$root/etc/passwd"
    echo "$1:x:$((9400 + rounds)):" >>"$root/etc/group"
    tell time "the user or group $1 is made for the run"
}

# The same of what the lab has made of it.
read_again() {
    exim -C /etc/exim4/exim4.conf -bP config >"$run/read" 2>"$run/wrong" ||
        refuse "Exim cannot read it with what the lab needs: $(said)"
}
