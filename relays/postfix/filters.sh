# Part of config.sh: filters. Mail of the lab does not go through them; where one decides where mail goes, that is told.

# A table may send mail through a filter.
find_filters() {
    sed -n "s/^\\($1\\) = //p" "$work/expanded" | tr ',{}' '   ' | tr ' ' '\n' |
        sed -n 's/^\(proxy:\)\{0,1\}\(hash\|btree\|lmdb\|cdb\|texthash\|regexp\|pcre\|cidr\):\(\/.*\)/\3/p' | sort -u
}
# Those of the restrictions are not asked by the lab's mail.
for path in $(find_filters 'smtpd_[a-z_]*_restrictions'); do
    bring "$path" || continue
    filter=$(sed -n 's/^[^#].*[ \t]\(FILTER[ \t].*\)/\1/p' "$root$path" | head -n 1)
    [ -z "$filter" ] || say set "$path: $filter is left out"
done
# Those that look into the message are.
for path in $(find_filters '[a-z_]*_checks'); do
    grep -q '^[^#].*[ 	]FILTER[ 	]' "$root$path" 2>/dev/null || continue
    say set "$path: $(sed -n 's/^[^#].*[ \t]\(FILTER[ \t].*\)/\1/p' "$root$path" | head -n 1) is left out"
    sed 's/^\([^#].*[ \t]FILTER[ \t]\)/# \1/' "$root$path" >"$work/filtered"
    cat "$work/filtered" >"$root$path"
done
policies=$(grep -c '^smtpd_[a-z_]*_restrictions = .*check_policy_service' "$work/expanded" || true)
[ "$policies" = 0 ] || sed -n 's/^\(smtpd_[a-z_]*_restrictions\) = .*check_policy_service[ {]*\([^ ,}]*\).*/\1\t\2/p' "$work/expanded" |
    while IFS=$tab read -r name service; do say set "$name: check_policy_service $service is left out"; done
