#!/bin/sh
# Puts the user's own OpenSMTPD configuration in the place of the driver's: copies it, sets what the lab needs to be
# otherwise, and prints a line for each such setting. Nothing outside the run is changed.
set -eu
umask 022
# The private root gets a layer of the run's own, in which the user's files are at their own paths.
[ "${WAXSEAL_CONFIG_INSIDE:-}" ] || WAXSEAL_CONFIG_INSIDE=1 exec unshare --mount "$0"
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR user=$WAXSEAL_CONFIG

refuse() {
    echo "$*" >&2
    exit 1
}

folder='' main=$user
if [ -d "$user" ]; then
    folder=$user main=$user/smtpd.conf
    [ -f "$main" ] || refuse "there is no smtpd.conf in it; name the file or the folder that holds it"
fi

layer=$run/layer
mkdir "$layer" "$run/root"
mount -t tmpfs -o mode=755 waxseal "$layer"
mkdir "$layer/over" "$layer/work"
mount -t overlay -o "lowerdir=$root,upperdir=$layer/over,workdir=$layer/work" waxseal "$root" 2>/dev/null ||
    refuse "this system has no overlay file system, in which the user's files would be put beside OpenSMTPD's"

# where PATH: the user's file for a path of the configuration. A copy of the folder stands for the folder itself.
where() {
    for prefix in /etc/mail/ /etc/smtpd/ /etc/; do
        case $1 in
        "$prefix"*)
            if [ "$folder" ] && [ -e "$folder/${1#"$prefix"}" ]; then
                echo "$folder/${1#"$prefix"}"
                return
            fi
            ;;
        esac
    done
    echo "$1"
}

# One statement a line: continued lines are joined, files are included, comments are gone.
lines() {
    sed -e ':more' -e '/\\$/{N;s/\\\n/ /;b more' -e '}' "$1" | awk '{
        quoted = 0; line = ""
        for (i = 1; i <= length($0); i++) {
            letter = substr($0, i, 1)
            if (letter == "\"") quoted = !quoted
            if (letter == "#" && !quoted) break
            line = line letter
        }
        gsub(/^[ \t]+|[ \t]+$/, "", line)
        if (line != "") print line
    }'
}
included=0
whole() {
    lines "$1" | while IFS= read -r line; do
        case $line in
        include[\ \"]*)
            part=$(echo "$line" | sed 's/^include *"\{0,1\}\([^"]*\)"\{0,1\}.*/\1/')
            included=$((included + 1))
            [ $included -lt 20 ] || refuse "files include each other without end at $part"
            from=$(where "$part")
            [ -f "$from" ] || refuse "it includes $part, and there is no such file"
            whole "$from"
            ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
}
whole "$main" >"$run/whole"

pki=/etc/waxseal
mkdir -p "$root$pki"
for file in "$WAXSEAL_CERTIFICATE_CHAIN" "$WAXSEAL_CERTIFICATE_KEY" "$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" \
    "$WAXSEAL_CLIENT_CERTIFICATE_KEY" "$WAXSEAL_TRUST_ANCHORS" "$WAXSEAL_CLIENT_TRUST_ANCHORS"; do
    cp "$run/$file" "$root$pki/"
done

# Where each listener of the lab is.
listen=''
for connector in $WAXSEAL_CONFIG_LISTEN; do
    case $connector in
    opportunistic) at="$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS $WAXSEAL_LISTEN_OPPORTUNISTIC_PORT" ;;
    encryption-only) at="$WAXSEAL_LISTEN_ENCRYPTION_ONLY_ADDRESS $WAXSEAL_LISTEN_ENCRYPTION_ONLY_PORT" ;;
    mutual) at="$WAXSEAL_LISTEN_MUTUAL_ADDRESS $WAXSEAL_LISTEN_MUTUAL_PORT" ;;
    implicit) at="$WAXSEAL_LISTEN_IMPLICIT_ADDRESS $WAXSEAL_LISTEN_IMPLICIT_PORT" ;;
    *) refuse "--inbound $connector cannot be played: smtpd.conf has no listener of that kind" ;;
    esac
    listen="$listen$connector $at
"
done

printf '%s\n' "$WAXSEAL_CONFIG_SET" >"$run/settings"
awk -v listen="$listen" -v lab="$WAXSEAL_CERTIFICATE_CHAIN" -v labkey="$WAXSEAL_CERTIFICATE_KEY" \
    -v reports="${WAXSEAL_CONFIG_SENDER_DOMAIN:-}" -v overview="${WAXSEAL_CONFIG_OVERVIEW:-}" \
    -v settings="$run/settings" -v told="$run/told" -v needs="$run/needs" -v refused="$run/refused" \
    -f ./rewrite.awk "$run/whole" >"$root/etc/smtpd.conf"
[ ! -s "$run/refused" ] || refuse "$(cat "$run/refused")"
[ ! -f "$run/told" ] || cat "$run/told"
[ -z "${WAXSEAL_CONFIG_OVERVIEW:-}" ] || exit 0

# What it names: files at their own paths, users, stores of roots with the lab's behind the user's own.
[ ! -f "$run/needs" ] || while read -r kind name; do
    from=$(where "$name")
    case $kind in
    user)
        grep -q "^$name:" "$root/etc/passwd" || {
            echo "$name:x:9390:9390::/:/usr/sbin/nologin" >>"$root/etc/passwd"
            echo "$name:x:9390:" >>"$root/etc/group"
            printf 'time\tthe user %s is made for the run\n' "$name"
        }
        ;;
    roots)
        [ -s "$from" ] || printf 'finding\t%s, a store of roots, is not there or empty: nothing it verifies can pass\n' "$name"
        mkdir -p "$root${name%/*}"
        cat "$from" 2>/dev/null >"$root$name" || :
        cat "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" >>"$root$name"
        printf 'set\t%s: the roots of the lab are added in the copy\n' "$name"
        ;;
    pair)
        # A certificate and its key: the lab's, where either is not there.
        key=${name#* } name=${name% *}
        for each in "$name" "$key"; do mkdir -p "$root${each%/*}"; done
        if [ -r "$(where "$name")" ] && [ -r "$(where "$key")" ]; then
            cp -L "$(where "$name")" "$root$name"
            cp -L "$(where "$key")" "$root$key"
        else
            cp "$root$pki/$WAXSEAL_CERTIFICATE_CHAIN" "$root$name"
            cp "$root$pki/$WAXSEAL_CERTIFICATE_KEY" "$root$key"
            printf 'set\t%s is the certificate of the lab\n' "$name"
        fi
        chown 0:0 "$root$name" "$root$key"
        chmod 600 "$root$name" "$root$key"
        ;;
    file)
        [ -e "$from" ] || refuse "it names $name, and there is no such file; name a folder that holds it, or" \
            "set the table otherwise, --config-set 'table NAME={ }'"
        mkdir -p "$root${name%/*}"
        cp -L "$from" "$root$name"
        chmod go+r "$root$name"
        ;;
    esac
done <"$run/needs"

chroot "$root" /usr/sbin/smtpd -n -f /etc/smtpd.conf >"$run/wrong" 2>&1 || {
    number=$(sed -n 's/^[^:]*smtpd.conf:\([0-9]*\):.*/\1/p' "$run/wrong" | head -n 1)
    line=$(sed -n "${number:-0}p" "$root/etc/smtpd.conf" 2>/dev/null || :)
    refuse "OpenSMTPD cannot read it: $(head -n 1 "$run/wrong" | sed 's/^[^ ]* *//')${line:+, in \`$line\`}"
}
cp -R "$layer/over/." "$run/root/"
rm -rf "$run/etc"
rm -f "$run/whole" "$run/needs" "$run/refused" "$run/settings" "$run/told" "$run/wrong"
