# Part of config.sh: the services of master.cf. Of those that listen to the network one becomes each listener
# that the lab asks for; all run outside a chroot of their own, because the private root is one already.

lists=$(sed -n 's/^\(smtpd_[a-z_]*_restrictions\) =.*/\1/p' "$work/user" | tr '\n' ' ' | sed 's/ $//; s/ /, /g')
[ -z "$lists" ] || say set "$lists: the lab's mail is let in without them"
refuses=$(sed -n 's/^\(smtpd_[a-z_]*_restrictions\) = .*reject_plaintext_session.*/\1/p' "$work/expanded" | head -n 1)

demand=$(value_of smtpd_tls_security_level)
[ "$demand" ] || [ "$(value_of smtpd_enforce_tls)" != yes ] || demand=encrypt
awk -v demand="$demand" -v listeners="$WAXSEAL_CONFIG_LISTEN" -v meant="${WAXSEAL_CONFIG_PORTS:-}" -v refuses="$refuses" -v pki="$pki" \
    -v chain="$WAXSEAL_CERTIFICATE_CHAIN" -v key="$WAXSEAL_CERTIFICATE_KEY" \
    -v client_chain="$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" -v client_key="$WAXSEAL_CLIENT_CERTIFICATE_KEY" \
    -v opportunistic="${WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS:-}:${WAXSEAL_LISTEN_OPPORTUNISTIC_PORT:-}" \
    -v encryption="${WAXSEAL_LISTEN_ENCRYPTION_ONLY_ADDRESS:-}:${WAXSEAL_LISTEN_ENCRYPTION_ONLY_PORT:-}" \
    -v mutual="${WAXSEAL_LISTEN_MUTUAL_ADDRESS:-}:${WAXSEAL_LISTEN_MUTUAL_PORT:-}" \
    -v client_roots="$WAXSEAL_CLIENT_TRUST_ANCHORS" -v req_ccert="$(value_of smtpd_tls_req_ccert)" -v wrapped="$(value_of smtpd_tls_wrappermode)" -v named="$root/etc/services" \
    -v implicit="${WAXSEAL_LISTEN_IMPLICIT_ADDRESS:-}:${WAXSEAL_LISTEN_IMPLICIT_PORT:-}" \
    -v out="$etc/master.cf" -v refused="$work/refused" -v defaults="$work/defaults" -f ports.awk -f services.awk "$root/etc/services" "$work/defaults" lab.cf "$work/services"
[ ! -s "$work/refused" ] || refuse "$(cat "$work/refused")"

# A file that a chrooted delivery agent looks up while it works is one inside the chroot.
jail=$(value_in "$work/user" queue_directory)
jail=${jail:-/var/spool/postfix}
for chrooted in $(awk '$2 == "unix" && $8 == "smtp" && $5 == "y" { print $1 }' "$work/services"); do
    folder=$(value_of smtp_tls_CApath)
    [ "$folder" ] && [ -z "$(value_of smtp_tls_CAfile)" ] || break
    [ "$checks" ] || break
    if [ ! -d "$jail" ] || [ -z "$live" ]; then
        say warning "master.cf $chrooted/unix runs in a chroot, where smtp_tls_CApath is $jail$folder; whether roots are there is not seen"
    elif [ -z "$(find "$jail$folder/" -name '*.[0-9]' 2>/dev/null | head -n 1)" ]; then
        say finding "master.cf $chrooted/unix runs in a chroot, and there are no roots in $jail$folder, so Postfix trusts no certificate; the lab's stand in for them"
    fi
    break
done
