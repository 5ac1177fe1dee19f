# Part of config.sh: the services of master.cf. Of those that listen to the network one becomes each listener
# that the lab asks for; all run outside a chroot of their own, because the private root is one already.

lists=$(sed -n 's/^\(smtpd_[a-z_]*_restrictions\) =.*/\1/p' "$work/user" | tr '\n' ' ' | sed 's/ $//; s/ /, /g')
[ -z "$lists" ] || say set "$lists: the lab's mail is let in without them"
plaintext=''
case " $WAXSEAL_CONFIG_LISTEN " in
*" encryption-only "*)
    ! grep -q '^smtpd_[a-z_]*_restrictions = .*reject_plaintext_session' "$work/expanded" || plaintext=reject_plaintext_session
    ;;
esac

awk -v listeners="$WAXSEAL_CONFIG_LISTEN" -v plaintext="$plaintext" -v pki="$pki" \
    -v chain="$WAXSEAL_CERTIFICATE_CHAIN" -v key="$WAXSEAL_CERTIFICATE_KEY" \
    -v client_chain="$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" -v client_key="$WAXSEAL_CLIENT_CERTIFICATE_KEY" \
    -v opportunistic="${WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS:-}:${WAXSEAL_LISTEN_OPPORTUNISTIC_PORT:-}" \
    -v encryption="${WAXSEAL_LISTEN_ENCRYPTION_ONLY_ADDRESS:-}:${WAXSEAL_LISTEN_ENCRYPTION_ONLY_PORT:-}" \
    -v implicit="${WAXSEAL_LISTEN_IMPLICIT_ADDRESS:-}:${WAXSEAL_LISTEN_IMPLICIT_PORT:-}" \
    -v out="$etc/master.cf" -v refused="$work/refused" -v defaults="$work/defaults" -f services.awk "$work/defaults" lab.cf "$work/services"
[ ! -s "$work/refused" ] || refuse "$(cat "$work/refused")"

# A file that a chrooted delivery agent looks up while it works is one inside the chroot.
jail=$(value_in "$work/user" queue_directory)
jail=${jail:-/var/spool/postfix}
for chrooted in $(awk '$2 == "unix" && $8 == "smtp" && $5 == "y" { print $1 }' "$work/services"); do
    folder=$(value_of smtp_tls_CApath)
    [ "$folder" ] && [ -z "$(value_of smtp_tls_CAfile)" ] || break
    if [ ! -d "$jail" ] || [ -z "$live" ]; then
        ! grep -q 'domain-validation' "$work/rules" || say warning "master.cf $chrooted/unix runs in a chroot, where smtp_tls_CApath is $jail$folder; whether roots are there is not seen, and the lab's are"
    elif [ -z "$(find "$jail$folder/" -name '*.[0-9]' 2>/dev/null | head -n 1)" ]; then
        say finding "master.cf $chrooted/unix runs in a chroot, and there are no roots in $jail$folder, so Postfix trusts no certificate there; the lab's are seen"
    fi
    break
done
