# Part of config.sh: names the certificates that the configuration shows, and their keys, as they lie on this machine.
# waxseal looks whether they go together, hold and are kept from others.

# on_disk PATH: where the user has it; nothing if it is not here.
on_disk() {
    case $1 in
    /etc/postfix/*) [ "$live" ] || [ ! -e "$user/${1#/etc/postfix/}" ] || { echo "$user/${1#/etc/postfix/}" && return; } ;;
    esac
    if [ -e "$1" ]; then
        echo "$1"
        return
    fi
    rest=${1#/}
    while [ "$rest" != "${rest#*/}" ]; do
        rest=${rest#*/}
        if [ -f "$user/$rest" ]; then
            echo "$user/$rest"
            return
        fi
    done
}

# shows DIRECTION PARAMETER CHAIN KEY: one of them.
shows() {
    chain=$(on_disk "$3") key=$(on_disk "$4")
    [ -f "$chain" ] && [ -f "$key" ] || return 0
    name=-
    [ "$1" = outbound ] || ! is_set myhostname || name=$(value_of myhostname)
    say shows "$1$tab$chain$tab$key$tab$2$tab$name"
}

# pair DIRECTION CERTIFICATE KEY: the parameters of one; without the second the key stands beside the certificate.
pair() {
    chain=$(value_of "$2") key=$(value_of "$3")
    case $key in '$'*) key=$chain ;; esac
    case $chain in /*) shows "$1" "$2" "$chain" "$key" ;; esac
}

for way in "inbound smtpd" "outbound smtp"; do
    direction=${way% *} prefix=${way#* }_tls
    files=$(value_of ${prefix}_chain_files | tr ',' ' ')
    if [ "$files" ]; then
        # A key comes before its certificate, in the same file or in the one before.
        for file in $files; do
            at=$(on_disk "$file")
            [ -f "$at" ] || continue
            ! grep -q 'BEGIN .*PRIVATE KEY' "$at" || key_file=$file
            ! grep -q 'BEGIN CERTIFICATE' "$at" || shows "$direction" ${prefix}_chain_files "$file" "${key_file:-$file}"
        done
        continue
    fi
    pair "$direction" ${prefix}_cert_file ${prefix}_key_file
    pair "$direction" ${prefix}_eccert_file ${prefix}_eckey_file
done
