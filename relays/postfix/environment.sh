# Part of config.sh: a configuration that lives on variables of its container, given by --env. A variable is a
# parameter for `$NAME`, the text of `{{ NAME }}`, and what the table type environ: finds.

printf '%s\n' "${WAXSEAL_CONFIG_ENV:-}" | sed '/^[A-Za-z_][A-Za-z0-9_]*=/!d' >"$work/environment"
if [ -s "$work/environment" ]; then
    grep -rlI '{{' "$etc" >"$work/templates" || true
    while IFS= read -r file; do
        awk -v environment="$work/environment" '
            BEGIN {
                while ((getline line < environment) > 0) {
                    at = index(line, "=")
                    value[substr(line, 1, at - 1)] = substr(line, at + 1)
                }
            }
            {
                done = ""
                while (match($0, /\{\{ *[A-Za-z_][A-Za-z0-9_]* *\}\}/)) {
                    name = substr($0, RSTART, RLENGTH)
                    gsub(/[{} ]/, "", name)
                    text = name in value ? value[name] : substr($0, RSTART, RLENGTH)
                    done = done substr($0, 1, RSTART - 1) text
                    $0 = substr($0, RSTART + RLENGTH)
                }
                print done $0
            }' "$file" >"$work/filled"
        cat "$work/filled" >"$file"
    done <"$work/templates"
    imported=$(value_in "$work/defaults" import_environment)
    while IFS= read -r line; do
        name=${line%%=*} value=${line#*=}
        ! grep -q "[$][{(]\{0,1\}$name\b" "$etc/main.cf" "$etc/master.cf" || want set "$name" "$value"
        imported="$imported { $name = $value }"
    done <"$work/environment"
    want time import_environment "$imported"
fi
for file in main.cf master.cf; do
    left=$(grep -n '^[^#]*\({%\|{{ *[A-Za-z_][A-Za-z0-9_.]* *[|}]\)' "$etc/$file" | head -n 1)
    [ -z "$left" ] || refuse "$file:${left%%:*} is a template: $(echo "${left#*:}" | sed 's/^ *//'); name the folder that" \
        "is made of it, or give its variables, --env NAME=VALUE"
done
