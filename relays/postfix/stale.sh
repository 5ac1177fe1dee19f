# Part of config.sh: a table whose compiled file is not what its source says. The compiled one is what Postfix reads.

told=' '
while IFS=$tab read -r name word table care source; do
    # One table may be named by several parameters.
    [ "$source" ] && [ "$care" = asked ] || continue
    case $told in *" $table "*) continue ;; esac
    told="$told$table "
    path=${table#*:}
    postmap -s "$table" 2>/dev/null | sort >"$work/is"
    postmap -s "texthash:$path" 2>/dev/null | sort >"$work/says"
    if ! cmp -s "$work/is" "$work/says"; then
        difference=$(awk -F '\t' -v is="$work/is" '
            function shown(key, value) { return value == "" ? "nothing" : "`" key " " value "`" }
            BEGIN { while ((getline < is) > 0) { read[$1] = $2; left[$1] = 1 } }
            { delete left[$1] }
            $2 != read[$1] && !key { key = $1; says = $2 }
            END {
                if (!key) for (key in left) break
                print "it reads " shown(key, read[key]) " where the file says " shown(key, says)
            }' "$work/says")
        say finding "$name: $path was changed and $table was not made anew, so Postfix works with the old one: $difference. The old one is tested; \`postmap $table\` ends it"
    fi
done <"$work/compiled"

while IFS=$tab read -r name word care compiled instead; do
    table=${instead#texthash:}
    line=$(printf '%s\t%s\tasked\t\t%s\n' "$name" "$word" "$instead" |
        awk -F '\t' -v user="$work/user" -v expanded="$work/expanded" -v own="$work/own" -f words.awk)
    say finding "$name names $word, and there is no $compiled, so Postfix puts off all mail that asks it; \`postmap ${word#proxy:}\` makes it from $table, and --config-set '${line%%"$tab"*}=${line#*"$tab"}' tests the source"
done <"$work/uncompiled"
