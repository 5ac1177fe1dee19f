# Part of config.sh: the listeners, for an overview. What is wrong with one is a finding where listeners are tested.

only_here=$(value_in "$work/user" inet_interfaces)
awk -v named="$root/etc/services" -v defaults="$work/defaults" -v expanded="$work/expanded" -v sets="$work/own" -v master="$user/master.cf" \
    -v only_here="$only_here" -f ports.awk -f listeners.awk "$root/etc/services" "$work/defaults" "$work/expanded" "$work/own" "$user/master.cf" \
    "$work/services" >"$work/listeners"
if [ "${WAXSEAL_CONFIG_OVERVIEW:-}" ]; then
    cat "$work/listeners"
elif [ "${WAXSEAL_CONFIG_PORTS:-}" ]; then
    sed -n '/^finding/p' "$work/listeners"
fi
