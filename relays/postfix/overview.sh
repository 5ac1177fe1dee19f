# Part of config.sh: the overview. Each policy entry and each route becomes a proposal of what mail to a domain is
# meant to get; nothing is started for it. Entries that are never asked are findings at all times.

entries transport_maps >"$work/transport"
static=$(value_of smtp_tls_policy_maps | sed -n 's/.*static:{ *\([^}]*\)}.*/\1/p; s/.*static:\([^{ ,]*\).*/\1/p' | head -n 1)
level=$(value_of smtp_tls_security_level)
where=main.cf:$(line_of smtp_tls_security_level)
if [ -z "$level" ]; then
    # The older parameters.
    case "$(value_of smtp_enforce_tls) $(value_of smtp_tls_enforce_peername) $(value_of smtp_use_tls)" in
    "yes yes "*) level=verify ;;
    "yes "*) level=encrypt ;;
    *yes) level=may ;;
    *) level=none ;;
    esac
fi
relayhost=$(value_of relayhost)
[ -z "$relayhost" ] || where=main.cf:$(line_of relayhost)
awk -F '\t' -v relayhost="$relayhost" -v default_transport="$(value_of default_transport)" -v level="$level" \
    -v where="$where" -v static="$static" -v services="$work/services" -v own="$work/own" -v policies="$work/policy" \
    -v transports="$work/transport" -f overview.awk >"$work/overview"
if [ -z "${WAXSEAL_CONFIG_OVERVIEW:-}" ]; then
    sed -n '/^finding/p' "$work/overview"
    return
fi
cat "$work/overview"
for name in sender_dependent_relayhost_maps sender_dependent_default_transport_maps; do
    [ -z "$(value_of $name)" ] ||
        say warning "$name chooses the way by the sender, and the overview goes by the recipient only"
done
