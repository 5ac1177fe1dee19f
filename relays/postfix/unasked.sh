# Part of config.sh: what cannot be asked. All of it is one refusal, with one line to copy that leaves the rest of the
# administrator's values as it is; that line is tried before it is offered.

# Tables that do not matter to the lab's mail are switched off.
without_words indifferent
while IFS=$tab read -r name value; do
    case $name in
    */*/*) ;;
    *) want set "$name" "$value" ;;
    esac
done <"$work/without"

without_words asked
if [ -s "$work/without" ]; then
    line='' parameters=''
    while IFS=$tab read -r name value; do
        line="$line --config-set '$name=$value'"
        parameters="$parameters $name"
    done <"$work/without"
    what=$(awk -F '\t' -v user="$work/user" -v defaults="$work/defaults" -f told.awk "$work/unasked")
    # As the copied line would have it.
    while IFS=$tab read -r name value; do
        case $name in
        */*/*) postconf -P "$name=$value" || true ;;
        *) want set "$name" "$value" ;;
        esac
    done <"$work/without"
    write_edits >/dev/null
    wrong=$(chroot "$root" /usr/sbin/postconf -n mail_name 2>&1 >/dev/null | grep 'fatal' || true)
    read_user
    read_expanded
    read_services
    find_tables
    without_words asked
    [ ! -s "$work/without" ] || wrong="the rest cannot be asked either"
    for table in $(sed -n 's/^smtp_tls_policy_maps = //p; s/^transport_maps = //p' "$work/expanded" | tr ',{}' '   '); do
        case $table in
        *:/*) wrong=$wrong$(postmap -q waxseal.invalid "$table" 2>&1 >/dev/null | grep 'fatal' || true) ;;
        esac
    done
    [ -z "$wrong" ] || refuse "$what; and without them it is not read: $wrong"
    refuse "$what. Without that, the rest of your values as it is:$line"
fi
