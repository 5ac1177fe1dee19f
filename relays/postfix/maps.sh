# Part of config.sh: the files that the user's parameters name. Tables are built anew for the installed
# Postfix; what lies outside the configuration is copied into it.

types=" $(postconf -m | tr '\n' ' ') "

# find PATH: leaves in $found the path that the relay will find the file at, and makes that it is there.
find_file() {
    case $1 in
    /etc/postfix/*) found=$1 ;;
    "$user"/*) found=/etc/postfix/${1#"$user"/} ;;
    *)
        found=/etc/postfix/outside$1
        mkdir -p "$root${found%/*}"
        for file in "$1" "$1.db" "$1.lmdb" "$1.cdb"; do
            [ ! -f "$file" ] || cp -L "$file" "$root/etc/postfix/outside$file"
        done
        ;;
    esac
}

# named PARAMETER WORD: leaves in $word how the relay has to name the table or file. A file of the user's
# that is not there is an error; a word that names no file stays.
named() {
    word=$2 table=${2#proxy:}
    type=${table%%:*} path=${table#*:}
    case $table in
    ldap:* | mysql:* | pgsql:* | sqlite:* | mongodb:* | memcache:* | nis:* | nisplus:* | tcp:* | socketmap:* | \
        netinfo:* | static:ldap:*)
        refuse "$1 names $table, which answers outside the sandbox; replace it for the test with the entries" \
            "that matter, --config-set '$1=texthash:FILE', or with nothing, --config-set '$1='"
        ;;
    hash:/* | btree:/* | lmdb:/* | cdb:/* | dbm:/* | sdbm:/*)
        find_file "$path"
        case $type in
        hash | btree) compiled=$root$found.db ;;
        *) compiled=$root$found.$type ;;
        esac
        if [ -f "$root$found" ]; then
            use=$type
            case $types in
            *" $type "*) ;;
            *) use=lmdb ;;
            esac
            rm -f "$compiled"
            chroot "$root" /usr/sbin/postmap "$use:$found" >"$run/postmap.log" 2>&1 ||
                refuse "$1 names $table, of which no table can be made: $(tail -n 1 "$run/postmap.log")"
            table=$use:$found
        elif [ -f "$compiled" ]; then
            case $types in
            *" $type "*) table=$type:$found ;;
            *) refuse "$1 names $table; its source $path is not there, and this Postfix reads no $type" ;;
            esac
        else
            refuse "$1 names $table, and there is no file $path"
        fi
        ;;
    texthash:/* | regexp:/* | pcre:/* | cidr:/*)
        find_file "$path"
        [ -f "$root$found" ] || refuse "$1 names $table, and there is no file $path"
        table=$type:$found
        ;;
    /*)
        case $1 in
        maillog_file) ;;
        *_file | *_files | *CAfile)
            find_file "$table"
            [ -f "$root$found" ] || refuse "$1 names $table, and there is no such file"
            table=$found
            ;;
        esac
        ;;
    esac
    case $word in
    proxy:*) word=proxy:$table ;;
    *) word=$table ;;
    esac
}

# rewritten PARAMETER VALUE: leaves in $value the value with every name as the relay has to have it.
rewritten() {
    value=$2
    set -f
    for old in $(echo "$2" | tr ',{}' '   '); do
        named "$1" "$old"
        [ "$old" = "$word" ] || value=$(printf '%s' "$value" | awk -v old="$old" -v new="$word" '{
            at = index($0, old)
            print substr($0, 1, at - 1) new substr($0, at + length(old))
        }')
    done
    set +f
}

postconf -nx >"$run/named"
while IFS= read -r line; do
    name=${line%% =*}
    before=${line#*=}
    before=${before# }
    rewritten "$name" "$before"
    [ "$before" = "$value" ] || set_to "$name" "$value"
done <"$run/named"
