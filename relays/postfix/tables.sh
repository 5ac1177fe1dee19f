# Part of config.sh: the tables and files that parameters name. They are used as they are on the disk: a table is
# not made anew, and what is missing stays missing. What cannot be asked goes into $work/unasked.

types=" $(postconf -m | tr '\n' ' ') "
# Of the types in packages of their own only those that are installed are there.
for type in cdb ldap lmdb mongodb mysql pcre pgsql sqlite; do
    [ -f "$root/usr/lib/postfix/postfix-$type.so" ] || types=$(echo "$types" | sed "s/ $type / /")
done

# unasked PARAMETER WORD CARE WHY [WORD]: it cannot be asked; the last is what could be asked in its place.
unasked() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-}" >>"$work/unasked"; }

# indexed PARAMETER WORD TYPE PATH CARE: a table that Postfix reads in a compiled file beside its source.
indexed() {
    case $3 in
    hash | btree) compiled=$4.db ;;
    dbm) compiled=$4.pag ;;
    *) compiled=$4.$3 ;;
    esac
    source=''
    ! bring "$4" || source=yes
    case $types in
    *" $3 "*) ;;
    *)
        unasked "$1" "$2" "$5" "a format that the installed Postfix cannot read" "${source:+texthash:$4}"
        return
        ;;
    esac
    if bring "$compiled"; then
        wrong=$(postmap -q waxseal.invalid "$3:$4" 2>&1 >/dev/null | sed -n '1s/^[^:]*: //p')
        case $wrong in
        *fatal* | *error* | *unsupported* | *"not a"* | *"cannot"* | *Invalid*)
            unasked "$1" "$2" "$5" "which the installed Postfix cannot read: $wrong" "${source:+texthash:$4}"
            ;;
        *) printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3:$4" "$5" "$source" >>"$work/compiled" ;;
        esac
    elif [ "$source" ]; then
        [ "$5" != asked ] ||
            printf '%s\t%s\tasked\t%s\t%s\n' "$1" "$2" "$compiled" "texthash:$4" >>"$work/uncompiled"
    else
        unasked "$1" "$2" "$5" "and there is no file $4"
    fi
}

# sqlite PARAMETER WORD PATH CARE: a file that names another, which is the database.
sqlite() {
    if ! bring "$3"; then
        unasked "$1" "$2" "$4" "and there is no file $3"
        return
    fi
    base=$(sed -n 's/^ *dbpath *= *//p' "$root$3" | tail -n 1)
    case $types in
    *" sqlite "*) ;;
    *)
        unasked "$1" "$2" "$4" "a format that the installed Postfix cannot read"
        return
        ;;
    esac
    [ "$base" ] && bring "$base" || unasked "$1" "$2" "$4" "whose database ${base:-has no name and} is not there"
}

find_tables() {
    : >"$work/unasked"
    : >"$work/compiled"
    : >"$work/uncompiled"
    awk -v services="$work/services" -v defaults="$work/defaults" -f scan.awk "$work/services" lab.cf "$work/defaults" "$work/expanded" "$work/own" >"$work/named"
    while IFS=$tab read -r name word table care; do
        type=${table%%:*} path=${table#*:}
        if [ "$care" = slip ]; then
            say finding "$name names $word, and Postfix has no type of table \`$type\`, so it puts off all mail that asks it"
            continue
        fi
        case $table in
        hash:* | btree:* | lmdb:* | cdb:* | dbm:* | sdbm:*) indexed "$name" "$word" "$type" "$path" "$care" ;;
        texthash:/* | regexp:/* | pcre:/* | cidr:/*)
            bring "$path" || unasked "$name" "$word" "$care" "and there is no file $path"
            ;;
        # A table that stands in the parameter itself.
        texthash:* | regexp:* | pcre:* | cidr:*) ;;
        sqlite:*) sqlite "$name" "$word" "$path" "$care" ;;
        /*)
            [ ! -d "$table" ] || continue
            bring "$table" || unasked "$name" "$word" "$care" "and there is no such file"
            ;;
        *) unasked "$name" "$word" "$care" "which answers outside the sandbox" ;;
        esac
    done <"$work/named"
}
find_tables

# Leaves in $work/without the parameters of $work/unasked and their values less those words.
without_words() {
    awk -F '\t' -v care="$1" -v user="$work/user" -v expanded="$work/expanded" -v own="$work/own" \
        -f words.awk "$work/unasked" >"$work/without"
}
