#!/usr/bin/env bash
# Starts the installed Postfix in a private network in three configurations, runs a command there, and ends all of
# it: 127.0.0.11 as it is shipped (with a certificate of RSA 2048), 127.0.0.12 hardened (TLS 1.2 and 1.3, forward
# secrecy and AEAD), 127.0.0.13 weak (NULL, anonymous suites, DH 1024, RSA 1024 signed with SHA-1). Port 25 of each.
# SCAN_LAB_LOG is Postfix's log; its lines begin with bench/a, bench/b and bench/c. Needs root; exits with 2 where
# Postfix is not installed by `waxseal relays install postfix`.
#
#   ci/scan-lab.sh COMMAND [ARGUMENT...]
set -euo pipefail
[ $# -gt 0 ] || { echo "scan-lab: name a command" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "scan-lab: it needs root, for a private network and Postfix's port" >&2; exit 2; }
for program in ip openssl unshare; do
    command -v "$program" >/dev/null || { echo "scan-lab: $program is missing" >&2; exit 2; }
done
root=$(ls -d "${XDG_DATA_HOME:-$HOME/.local/share}"/waxseal/relays/postfix@* 2>/dev/null | tail -1)
[ -n "$root" ] || { echo "scan-lab: run \`waxseal relays install postfix\` first" >&2; exit 2; }
if [ "${SCAN_LAB:-}" != inside ]; then
    export SCAN_LAB=inside
    exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi
ip link set lo up
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The private root is Postfix's own; what is written into it ends with this mount namespace.
for folder in etc/postfix var/spool/postfix var/lib/postfix run tmp var/log; do
    [ "$folder" != etc/postfix ] || cp "$root/etc/postfix/dynamicmaps.cf" "$work/"
    mount -t tmpfs -o mode=755 bench "$root/$folder"
done
cp "$work/dynamicmaps.cf" "$root/etc/postfix/"
certificate() { # NAME BITS DIGEST
    openssl req -x509 -newkey "rsa:$2" "-$3" -nodes -days 30 -subj "/CN=mail.bench.test" \
        -keyout "$root/etc/postfix/$1.key" -out "$root/etc/postfix/$1.pem" 2>/dev/null
}
certificate good 2048 sha256
certificate weak 1024 sha1
openssl dhparam -dsaparam -out "$root/etc/postfix/dh1024.pem" 1024 2>/dev/null
cat >"$root/etc/postfix/main.cf" <<'END'
compatibility_level = 3.6
myhostname = mail.bench.test
mydestination = localhost
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/postfix/good.pem
smtpd_tls_key_file = /etc/postfix/good.key
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
data_directory = /var/lib/postfix
queue_directory = /var/spool/postfix
maillog_file = /var/log/mail.log
END
cat >"$root/etc/postfix/master.cf" <<'END'
127.0.0.11:25 inet n - n - - smtpd
  -o syslog_name=bench/a
127.0.0.12:25 inet n - n - - smtpd
  -o syslog_name=bench/b
  -o smtpd_tls_protocols=>=TLSv1.2
  -o smtpd_tls_mandatory_protocols=>=TLSv1.2
  -o smtpd_tls_exclude_ciphers=aNULL,kRSA,kDHE,SHA1,SHA256,SHA384,CAMELLIA,ARIA,AESCCM,AESCCM8
  -o tls_ssl_options=NO_RENEGOTIATION
127.0.0.13:25 inet n - n - - smtpd
  -o syslog_name=bench/c
  -o smtpd_tls_ciphers=null
  -o tls_null_cipherlist=ALL:eNULL:@SECLEVEL=0
  -o smtpd_tls_cert_file=/etc/postfix/weak.pem
  -o smtpd_tls_key_file=/etc/postfix/weak.key
  -o smtpd_tls_dh1024_param_file=/etc/postfix/dh1024.pem
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
END
chmod 644 "$root"/etc/postfix/*
queue=$root/var/spool/postfix
(cd "$queue" && mkdir -m 700 active bounce corrupt defer deferred flush hold incoming private saved trace pid &&
    mkdir maildrop public && chown 9301 ./* && chown 0 pid && chmod 755 pid &&
    chown 9301:9302 maildrop public && chmod 1730 maildrop && chmod 2710 public)
chown 9301 "$root/var/lib/postfix"
chmod 700 "$root/var/lib/postfix"
: >"$root/var/log/mail.log"
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"
for device in null zero random urandom; do mount --bind "/dev/$device" "$root/dev/$device"; done
chroot "$root" /usr/lib/postfix/sbin/master -s >"$work/master.out" 2>&1 &
master=$!
listening() { (exec 3<>"/dev/tcp/$1/25") 2>/dev/null; }
for address in 127.0.0.11 127.0.0.12 127.0.0.13; do
    until listening "$address"; do
        kill -0 "$master" 2>/dev/null || { echo "scan-lab: Postfix did not start: $(cat "$work/master.out" "$root/var/log/mail.log")" >&2; exit 2; }
        read -rt 0.1 <> <(:) || :
    done
done

export SCAN_LAB_LOG=$root/var/log/mail.log
status=0
"$@" || status=$?
exit "$status"
