#!/usr/bin/env bash
# Compares `waxseal scan` with other scanners: one Postfix in three configurations in a private network; wall
# time (median), connections by Postfix's own log, and which tool finds which fact. Ratios of one run on one
# machine are what counts, never the seconds. Installs what is missing of the others (apt, PyPI). Needs root and
# `waxseal relays install postfix`.
#
#   ci/bench-scan.sh [RUNS [TOOL...]]        WAXSEAL=path of a program that is built already
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
runs=${1:-5}
wanted=("${@:2}")
[ ${#wanted[@]} -gt 0 ] || wanted=(waxseal sslscan nmap sslyze testssl)
program=${WAXSEAL:-target/release/waxseal}
# A tool that the system packages lack goes here; nothing else is kept between two runs.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/waxseal-bench

if [ "${WAXSEAL_BENCH:-}" != inside ]; then
    [ "$(id -u)" = 0 ] || { echo "bench-scan: it needs root, for a private network and Postfix's port" >&2; exit 2; }
    missing=()
    for pair in sslscan:sslscan nmap:nmap testssl:testssl.sh ip:iproute2 openssl:openssl; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        apt-get install -y "${missing[@]}" >/dev/null || echo "bench-scan: could not install ${missing[*]}; what lacks is left out" >&2
    fi
    if [ ! -x "$cache/bin/sslyze" ]; then
        { python3 -m venv "$cache" && "$cache/bin/pip" -q install 'sslyze==6.3.1'; } ||
            echo "bench-scan: could not install sslyze; it is left out" >&2
    fi
    [ -n "${WAXSEAL:-}" ] || cargo build --release --quiet
    export WAXSEAL_BENCH=inside
    exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$runs" "${wanted[@]}"
fi

root=$(ls -d "${XDG_DATA_HOME:-$HOME/.local/share}"/waxseal/relays/postfix@* 2>/dev/null | tail -1)
[ -n "$root" ] || { echo "bench-scan: run \`waxseal relays install postfix\` first" >&2; exit 2; }
ip link set lo up
work=$(mktemp -d)
# BENCH_OUT keeps what each tool printed.
trap '[ -z "${BENCH_OUT:-}" ] || cp -r "$work/." "$BENCH_OUT"; rm -rf "$work"' EXIT

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
        kill -0 "$master" 2>/dev/null || { echo "bench-scan: Postfix did not start: $(cat "$work/master.out" "$root/var/log/mail.log")" >&2; exit 2; }
        read -rt 0.1 <> <(:) || :
    done
done

connections() { grep -c "bench/$1/.*: connect from" "$root/var/log/mail.log" || :; }
address() { case $1 in a) echo 127.0.0.11 ;; b) echo 127.0.0.12 ;; c) echo 127.0.0.13 ;; esac; }
tool() { # TOOL ADDRESS
    case $1 in
        waxseal) $program scan "$2" ;;
        sslscan) sslscan --starttls-smtp --no-colour "$2:25" ;;
        nmap) nmap -n -Pn -p 25 --script ssl-enum-ciphers,ssl-cert,ssl-dh-params "$2" ;;
        sslyze) "$cache/bin/sslyze" --mozilla_config=disable --starttls=smtp --sslv2 --sslv3 --tlsv1 --tlsv1_1 \
            --tlsv1_2 --tlsv1_3 --reneg --resum --compression --heartbleed --openssl_ccs --fallback --elliptic_curves "$2:25" ;;
        testssl) timeout 300 testssl --quiet --color 0 --warnings off -t smtp -p -e -f "$2:25" ;;
    esac
}
has() { case $1 in waxseal) : ;; sslyze) [ -x "$cache/bin/sslyze" ] ;; *) command -v "$1" >/dev/null ;; esac; }
tools=()
for name in "${wanted[@]}"; do has "$name" && tools+=("$name"); done

printf '%-9s' ''; for host in a b c; do printf '%28s' "$host: ms, ratio, connections"; done; echo
declare -A base
for name in "${tools[@]}"; do
    printf '%-9s' "$name"
    for host in a b c; do
        times=()
        # The slowest by far is run once: its median would take an hour.
        count=$runs; [ "$name" != testssl ] || count=1
        before=$(connections $host)
        for _ in $(seq "$count"); do
            start=$(date +%s%N)
            timeout 600 bash -c "$(declare -f tool); cache=$cache program=$program; tool $name $(address $host)" >"$work/$name.$host" 2>/dev/null </dev/null || :
            times+=($((($(date +%s%N) - start) / 1000000)))
        done
        median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((count + 1) / 2))p")
        [ "$name" != waxseal ] || base[$host]=$median
        made=$((($(connections $host) - before) / count))
        printf '%28s' "$(awk -v m="$median" -v b="${base[$host]}" -v c="$made" 'BEGIN { printf "%d, %.1fx, %d", m, m / (b ? b : 1), c }')"
    done
    echo
done

echo
echo "which facts stand in the output (endpoint: fact)"
fact() { # TITLE HOST PATTERN-BY-TOOL...: a pattern that fits any of the tools' words
    printf '%-42s' "$2: $1"
    for name in "${tools[@]}"; do
        if grep -qiE "$3" "$work/$name.$2"; then printf '%9s' yes; else printf '%9s' -; fi
    done
    echo
}
printf '%-42s' ''; for name in "${tools[@]}"; do printf '%9s' "$name"; done; echo
fact "anonymous suites listed" a 'DH_anon|ADH-|AECDH-'
fact "static RSA suites listed" a 'TLS_RSA_WITH_AES|[^-]AES128-SHA|TLS_RSA_WITH_AES_128'
fact "static RSA said to be no forward secrecy" a 'no FS|static RSA is accepted|suites with static RSA'
fact "size of the finite-field prime" a 'DH 2048|DHE 2048|dh 2048|2048 bits|DH 1024|\(1024'
fact "NULL suites listed" c 'WITH_NULL|NULL-SHA'
fact "secure renegotiation" b 'secure (session )?renegotiation'
fact "fallback signal" b 'fallback'
fact "early ChangeCipherSpec" b 'changecipherspec|ccs'
fact "downgrade mark" b 'downgrade mark'
fact "signature schemes of the key exchange" b 'signed with +[a-z]|rsa_pss_rsae'
fact "tolerance of odd hellos" b 'GREASE'
