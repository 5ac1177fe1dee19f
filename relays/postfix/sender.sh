# Part of config.sh: what depends on something of which a run has one value.

sender=${WAXSEAL_CONFIG_SENDER:-}
for name in sender_dependent_relayhost_maps sender_dependent_default_transport_maps; do
    [ "$(value_of $name)" ] || continue
    entries $name >"$work/senders"
    first=$(sed -n '1s/	.*//p' "$work/senders")
    say warning "$name chooses the way by the sender: what is said holds for mail from ${sender:-senders that it does not list}, and --sender ADDRESS plays another${first:+, such as $first}"
done
[ -z "$(value_of smtp_tls_per_site)" ] ||
    say warning "smtp_tls_per_site goes by the name of the MX host too, which is what the DNS says; the lab's hosts have names of their own"

# Reports go straight to the sender's domain, which the lab plays, and not the way of the message. What the user has
# said about its own domains is of no matter to them.
reports=''
for domain in sender.test ${WAXSEAL_CONFIG_SENDER_DOMAIN:-} ${sender##*@}; do
    domain=${domain#.}
    reports="$reports {$domain=waxseal-report:} {.$domain=waxseal-report:}"
done
if [ "$reports" ]; then
    before=$(value_in "$work/user" transport_maps)
    want time transport_maps "inline:{$reports }${before:+, $before}"
fi
