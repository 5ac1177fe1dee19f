# Part of config.sh: what the TLS policy says, read from its tables, and slips in it.

# The line of main.cf that sets a parameter.
line_of() { awk -v name="$1" '/^[^ \t#]/ { at = $0; sub(/[ \t]*=.*/, "", at); if (at == name) line = NR } END { print line }' "$user/main.cf"; }

# entries PARAMETER: the entries of its tables as `KEY VALUE FILE:LINE TABLE`, with tabs between, in the order in
# which Postfix asks them. Patterns are keys as they are written.
entries() {
    for word in $(value_of "$1" | tr ',' ' '); do
        table=${word#proxy:} path=${word#*:}
        path=${path#*:}
        file=${path##*/}
        case $table in
        regexp:/* | pcre:/* | cidr:/*)
            awk -v file="$file" -v table="$table" '
                /^[ \t]*(#|$)/ || /^[ \t]/ { next }
                { key = $1; sub(/^[^ \t]+[ \t]+/, ""); print key "\t" $0 "\t" file ":" NR "\t" table }' "$root$path" 2>/dev/null
            ;;
        hash:* | btree:* | lmdb:* | cdb:* | texthash:/*)
            # What the administrator means is what the source says; stale.sh tells where that is not so.
            if [ -f "$root$path" ]; then
                from=texthash:$path
            elif grep -q "$tab$table$tab" "$work/compiled"; then
                from=$table
            else
                continue
            fi
            postmap -s "$from" >"$work/dump" 2>/dev/null || true
            awk -F '\t' -v file="$file" -v source="$root$path" -v table="$table" '
                BEGIN { while ((getline line < source) > 0) { at++; split(line, word, /[ \t]+/); if (line !~ /^[ \t#]/) place[tolower(word[1])] = at } }
                { print (place[$1] ? place[$1] : 1000000) "\t" $1 "\t" $2 "\t" file (place[$1] ? ":" place[$1] : "") "\t" table }' "$work/dump" |
                sort -n | cut -f 2-
            ;;
        esac
    done
    value_of "$1" | awk '{
        while (at = index($0, "inline:{")) {
            $0 = substr($0, at)
            depth = 0
            for (i = 8; i <= length($0); i++) {
                letter = substr($0, i, 1)
                if (letter == "{") depth++
                if (letter == "}" && --depth == 0) break
            }
            print substr($0, 1, i)
            $0 = substr($0, i + 1)
        }
    }' >"$work/inline"
    line=$(line_of "$1")
    while IFS= read -r inline; do
        postmap -s "$inline" 2>/dev/null | sed "s/\$/${tab}main.cf:$line${tab}inline/"
    done <"$work/inline"
}

: >"$work/policy"
entries smtp_tls_policy_maps >"$work/policy"
version=$(value_in "$work/defaults" mail_version)

# level WHERE LEVEL: a finding where it is none.
level() {
    case $(echo "$2" | tr '[:upper:]' '[:lower:]') in
    '' | none | may | encrypt | fingerprint | verify | secure | dane | dane-only) ;;
    *) say finding "$1 says \`$2\`, which is no TLS level of Postfix, so mail under it is never sent" ;;
    esac
}
while IFS=$tab read -r key value where table; do
    [ "${value%% *}" = "$value" ] || value=${value%% *}
    level "$where: $key" "$value"
done <"$work/policy"
# With this one no delivery agent begins to work.
overall=$(level "main.cf:$(line_of smtp_tls_security_level): smtp_tls_security_level" "$(value_of smtp_tls_security_level)")
if [ "$overall" ]; then
    [ "${WAXSEAL_CONFIG_OVERVIEW:-}" ] || refuse "${overall#*"$tab"}"
    echo "$overall"
fi
sed -n 's#^\([^ ]*/unix/smtp_tls_security_level\) = #\1 #p' "$work/own" | while read -r name value; do
    level "master.cf: $name" "$value"
done

# Parameters that are none, and references to what nothing sets; only where mail for others depends on it.
sed -n 's/^.*: unused parameter: \([^=]*\)=.*/\1/p' "$work/complaints" | while IFS= read -r name; do
    case $name in
    smtp_* | tls_* | relayhost* | transport_* | sender_dependent_* | default_*)
        say finding "main.cf:$(line_of "$name") sets $name, which is no parameter of Postfix $version, so it changes nothing"
        ;;
    esac
done
sed -n 's/^.*: undefined parameter: //p' "$work/complaints" | while IFS= read -r name; do
    by=$(sed -n "s/^\\([a-z_]*\\) = .*[$][{(]\\{0,1\\}$name\\b.*/\\1/p" "$work/user" | head -n 1)
    case $by in
    smtp_* | tls_* | relayhost | transport_maps | sender_dependent_* | default_transport)
        say finding "main.cf:$(line_of "$by") refers to \$$name, which nothing sets, so Postfix takes it as empty; a variable of a container is given by --env '$name=VALUE'"
        ;;
    esac
done
