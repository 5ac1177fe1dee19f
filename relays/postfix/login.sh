# Part of config.sh: logins. Where they are offered, and whether in plaintext, stays the user's; what is asked for the
# mechanisms and the passwords answers elsewhere, so a stand-in of the lab's offers some and lets nobody in.

if [ "$(value_of smtpd_sasl_auth_enable)" = yes ] || grep -q '^[^ ]*/smtpd_sasl_auth_enable = yes' "$work/own"; then
    backend=$(value_in "$work/user" smtpd_sasl_type) path=$(value_in "$work/user" smtpd_sasl_path)
    [ "$backend" ] || backend=$(sed -n 's#^[^ ]*/smtpd_sasl_type = ##p' "$work/own" | head -n 1)
    backend=${backend:-cyrus} path=${path:-smtpd}
    mechanisms='PLAIN LOGIN'
    # Postfix takes no mail without one that its own options allow.
    ! grep -q 'smtpd_sasl_\(tls_\)\{0,1\}security_options = .*noplaintext' "$work/expanded" "$work/own" || mechanisms='PLAIN LOGIN CRAM-MD5'
    unseen=", whose mechanisms are not seen"
    if [ "$backend" = cyrus ]; then
        listed=$(sed -n 's/^mech_list: *//p' "$etc/sasl/$path.conf" 2>/dev/null | tail -n 1)
        [ -z "$listed" ] || mechanisms=$listed unseen=''
    fi
    mkdir -p "$etc/sasl"
    printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' "mech_list: $mechanisms" >"$etc/sasl/smtpd.conf"
    aged "$etc/sasl"
    want time cyrus_sasl_config_path /etc/postfix/sasl
    # Who is excepted from logins may be the lab's client.
    want_default set smtpd_sasl_exceptions_networks
    say set "login: a stand-in of the lab's offers $mechanisms and lets nobody in (was $backend $path$unseen)"
fi
