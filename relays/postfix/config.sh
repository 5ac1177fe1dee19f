#!/bin/sh
# Puts the user's own Postfix configuration in the place of the driver's: copies it into the run, sets what
# the lab needs to be otherwise, and prints a line for each such setting. Nothing outside the run is changed.
set -eu
umask 022
# The configuration is read and written by the installed Postfix, which finds it where it always is.
[ "${WAXSEAL_CONFIG_INSIDE:-}" ] || WAXSEAL_CONFIG_INSIDE=1 exec unshare --mount "$0"
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR user=$WAXSEAL_CONFIG etc=$WAXSEAL_ROOT/etc/postfix

refuse() {
    echo "$*" >&2
    exit 1
}

[ -f "$user/main.cf" ] || refuse "there is no main.cf in it; name the folder that holds main.cf and master.cf"
[ -f "$user/master.cf" ] || refuse "there is no master.cf in it; name the folder that holds main.cf and master.cf"
cp "$root/etc/postfix/dynamicmaps.cf" "$run/dynamicmaps.cf"
rm -rf "$run/etc/postfix"
mkdir "$run/etc/postfix"
cp -RL "$user/." "$run/etc/postfix/" || refuse "it could not be copied"
rm -rf "$run/etc/postfix/dynamicmaps.cf.d"
mv "$run/dynamicmaps.cf" "$run/etc/postfix/dynamicmaps.cf"
chown -R 0:0 "$run/etc/postfix"
mount --bind "$run/etc/postfix" "$etc"

# Warnings are about parameters of other versions; what is fatal is told when something depends on it.
postconf() { chroot "$root" /usr/sbin/postconf "$@" 2>/dev/null; }
postconf -n mail_name >/dev/null || refuse "$(chroot "$root" /usr/sbin/postconf -n mail_name 2>&1 | tail -n 1)"
postconf -d >"$run/defaults"

# What the user has set, and what is to be set: each edit of main.cf takes Postfix a second.
read_user() {
    postconf -n >"$run/user"
    : >"$run/edits"
}
read_user
write_edits() {
    set --
    while IFS= read -r edit; do set -- "$@" "$edit"; done <"$run/edits"
    [ $# -eq 0 ] || postconf -e "$@" || refuse "main.cf could not be changed"
    read_user
}
value_in() { sed -n "s/^$2 = \\{0,1\\}//p" "$1"; }
of_user() { value_in "$run/user" "$1"; }

# A parameter of the lab: set_to NAME VALUE. It is told when it was otherwise.
set_to() {
    if grep -q "^$1 =" "$run/user"; then
        was=$(of_user "$1")
        note=${was:-empty}
    else
        was=$(value_in "$run/defaults" "$1")
        note="${was:-empty}, the default"
    fi
    if [ "$was" != "$2" ]; then
        printf '%s\n' "$1=$2" >>"$run/edits"
        echo "$1 = ${2:-empty} (was $note)"
    fi
}
# The same with the default, where only what the user has set can be in the way.
by_default() {
    for name in "$@"; do
        ! grep -q "^$name =" "$run/user" || set_to "$name" "$(value_in "$run/defaults" "$name")"
    done
}

printf '%s\n' "$WAXSEAL_CONFIG_SET" | while IFS= read -r setting; do
    [ -z "$setting" ] || set_to "$(echo "${setting%%=*}" | tr -d ' ')" "$(echo "${setting#*=}" | sed 's/^ *//')"
done
write_edits

# Directories, users and the log are those of the private root.
set_to queue_directory /var/spool/postfix
set_to data_directory /var/lib/postfix
set_to daemon_directory /usr/lib/postfix/sbin
set_to command_directory /usr/sbin
set_to shlib_directory /usr/lib/postfix
set_to mail_owner postfix
set_to setgid_group postdrop
set_to maillog_file /var/log/mail.log
by_default meta_directory multi_instance_directories multi_instance_wrapper multi_instance_enable import_environment
by_default syslog_name debug_peer_list

# The lab's network: mail is submitted from its addresses, and certificates are checked against its roots.
set_to inet_interfaces all
set_to inet_protocols ipv4
set_to mynetworks 127.0.0.0/8
by_default mynetworks_style proxy_interfaces smtp_bind_address smtp_bind_address6
pki=/etc/postfix/waxseal
mkdir "$etc/waxseal"
for file in "$WAXSEAL_CERTIFICATE_CHAIN" "$WAXSEAL_CERTIFICATE_KEY" "$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" \
    "$WAXSEAL_CLIENT_CERTIFICATE_KEY" "$WAXSEAL_TRUST_ANCHORS" "$WAXSEAL_CLIENT_TRUST_ANCHORS"; do
    cp "$run/$file" "$etc/waxseal/"
done
set_to smtp_tls_CAfile "$pki/$WAXSEAL_TRUST_ANCHORS"
[ -z "$(of_user smtpd_tls_CAfile)$(of_user smtpd_tls_CApath)" ] ||
    set_to smtpd_tls_CAfile "$pki/$WAXSEAL_CLIENT_TRUST_ANCHORS"
by_default smtp_tls_CApath smtpd_tls_CApath

# Next hops ask for a certificate of the lab's: it is shown where the user shows one.
if [ "$(of_user smtp_tls_cert_file)$(of_user smtp_tls_chain_files)" ]; then
    by_default smtp_tls_chain_files smtp_tls_eccert_file smtp_tls_eckey_file smtp_tls_dcert_file smtp_tls_dkey_file
    set_to smtp_tls_cert_file "$pki/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN"
    set_to smtp_tls_key_file "$pki/$WAXSEAL_CLIENT_CERTIFICATE_KEY"
fi
readable=yes
for name in smtpd_tls_chain_files smtpd_tls_cert_file smtpd_tls_key_file smtpd_tls_eccert_file smtpd_tls_eckey_file; do
    for file in $(of_user $name | tr ',' ' '); do
        # The rest of a word such as $smtpd_tls_cert_file is found by its own name.
        case $file in
        /etc/postfix/*) [ -r "$etc/${file#/etc/postfix/}" ] || readable= ;;
        /*) [ -r "$file" ] || readable= ;;
        esac
    done
done
if [ -z "$readable" ]; then
    by_default smtpd_tls_chain_files smtpd_tls_eccert_file smtpd_tls_eckey_file smtpd_tls_dcert_file smtpd_tls_dkey_file
    set_to smtpd_tls_cert_file "$pki/$WAXSEAL_CERTIFICATE_CHAIN"
    set_to smtpd_tls_key_file "$pki/$WAXSEAL_CERTIFICATE_KEY"
fi

# What answers elsewhere does not answer here: filters, policy services, logins. Local mailboxes do not matter.
by_default content_filter smtpd_milters non_smtpd_milters smtpd_proxy_filter smtpd_sasl_auth_enable \
    smtpd_client_auth_rate_limit receive_override_options always_bcc sender_bcc_maps recipient_bcc_maps \
    mailbox_command mailbox_transport smtpd_authorized_xforward_hosts \
    postscreen_dnsbl_sites postscreen_cache_map address_verify_map
set_to alias_maps ''
set_to alias_database ''
set_to local_recipient_maps ''
for name in $(sed -n 's/^\(smtpd_[a-z]*_restrictions\) =.*/\1/p' "$run/user"); do
    was=$(of_user "$name")
    now=$(echo "$was" | sed 's/check_policy_service  *{[^}]*}//g; s/check_policy_service[ ,]*[^ ,]*//g
        s/,\( *,\)*/,/g; s/^[ ,]*//; s/[ ,]*$//')
    [ "$was" = "$now" ] || set_to "$name" "$now"
done

# A run takes seconds: two between attempts, five until a report.
set_to queue_run_delay 1s
set_to minimal_backoff_time 2s
set_to maximal_backoff_time 2s
set_to maximal_queue_lifetime 5s
set_to bounce_queue_lifetime 5s
by_default delay_warning_time soft_bounce confirm_delay_cleared
set_to smtp_connect_timeout 2s
set_to smtp_helo_timeout 2s
set_to smtp_starttls_timeout 2s
set_to smtp_mail_timeout 2s
set_to smtp_rcpt_timeout 2s
set_to smtp_data_init_timeout 2s
set_to smtp_data_xfer_timeout 2s
set_to smtp_data_done_timeout 2s
set_to smtp_rset_timeout 2s
set_to smtp_quit_timeout 1s

# Each case is a stranger: no connection, session, count or failure of one is remembered in another.
set_to smtp_connection_cache_on_demand no
by_default smtp_connection_cache_destinations smtp_tls_session_cache_database smtpd_tls_session_cache_database
set_to smtp_tls_connection_reuse no
set_to smtpd_client_event_limit_exceptions 127.0.0.0/8
set_to smtpd_client_connection_count_limit 0
set_to default_process_limit 200
set_to default_destination_concurrency_limit 200
set_to default_destination_concurrency_failed_cohort_limit 0
for name in $(sed -n 's/^\([a-z]*_destination_\(concurrency_failed_cohort_limit\|rate_delay\)\) =.*/\1/p' "$run/user"); do
    set_to "$name" 0
done
# The handshakes are in the trace; the log says what the relay thought of them.
set_to smtp_tls_loglevel 1
set_to smtpd_tls_loglevel 1

write_edits
. ./maps.sh
write_edits
. ./services.sh
chmod -R go+rX "$etc"
rm -f "$run/defaults" "$run/user" "$run/edits" "$run/named" "$run/services"
