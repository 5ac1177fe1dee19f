#!/usr/bin/env bash
# Compares `waxseal scan` with other scanners on one Postfix in three configurations (ci/scan-lab.sh), in three jobs:
# versions and suites alone, all about TLS, and the whole scan. Prints medians, ratios and connections by Postfix's
# own log, then which suites the tools disagree about, by name, and what each says of the same facts, read from its
# structured output. Ratios of one run on one machine are what counts, never the seconds. Installs what is missing of
# the others (apt, PyPI). Needs root and `waxseal relays install postfix`.
#
#   ci/bench-scan.sh [RUNS [TOOL...]]    WAXSEAL=a program that is built already   BENCH_OUT=a folder that keeps all
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
runs=${1:-5}
wanted=("${@:2}")
[ ${#wanted[@]} -gt 0 ] || wanted=(waxseal sslscan nmap sslyze testssl)
program=$(readlink -f "${WAXSEAL:-target/release/waxseal}")
# A tool that the system packages lack goes here; nothing else is kept between two runs.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/waxseal-bench

if [ "${SCAN_LAB:-}" != inside ]; then
    [ "$(id -u)" = 0 ] || { echo "bench-scan: it needs root, for a private network and Postfix's port" >&2; exit 2; }
    missing=()
    for pair in sslscan:sslscan nmap:nmap testssl:testssl.sh ip:iproute2 openssl:openssl python3:python3; do
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
    exec ci/scan-lab.sh ci/bench-scan.sh "$runs" "${wanted[@]}"
fi

out=${BENCH_OUT:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${BENCH_OUT:-}" ] || trap 'rm -rf "$out"' EXIT
connections() { grep -c "bench/$1/.*: connect from" "$SCAN_LAB_LOG" || :; }
address() { case $1 in a) echo 127.0.0.11 ;; b) echo 127.0.0.12 ;; c) echo 127.0.0.13 ;; esac; }
has() { case $1 in waxseal) : ;; sslyze) [ -x "$cache/bin/sslyze" ] ;; *) command -v "$1" >/dev/null ;; esac; }

# The command of one job, or nothing where a tool has no such job.
command_of() { # JOB TOOL ADDRESS FILE
    local sslyze="$cache/bin/sslyze --mozilla_config=disable --starttls=smtp --sslv2 --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3"
    case $1-$2 in
        suites-waxseal) echo "$program scan $3 --only suites --format json >$4" ;;
        tls-waxseal) echo "$program scan $3 --only tls,certificates --format json >$4" ;;
        whole-waxseal) echo "$program scan $3 --format json >$4" ;;
        suites-sslscan) echo "sslscan --starttls-smtp --no-colour --no-check-certificate --no-compression --no-fallback --no-groups --no-heartbleed --no-renegotiation --xml=$4 $3:25" ;;
        tls-sslscan) echo "sslscan --starttls-smtp --no-colour --show-certificate --show-sigs --xml=$4 $3:25" ;;
        suites-nmap) echo "nmap -n -Pn -p 25 --script ssl-enum-ciphers -oX $4 $3" ;;
        tls-nmap) echo "nmap -n -Pn -p 25 --script ssl-enum-ciphers,ssl-cert,ssl-dh-params -oX $4 $3" ;;
        suites-sslyze) echo "$sslyze --json_out $4 $3:25" ;;
        tls-sslyze) echo "$sslyze --certinfo --reneg --resum --compression --heartbleed --openssl_ccs --fallback --ems --robot --elliptic_curves --json_out $4 $3:25" ;;
        tls-testssl) echo "testssl --quiet --color 0 --warnings off -t smtp -p -e -f -S -R -H -I -Z -BB --jsonfile $4 $3:25" ;;
    esac
}

tools=()
for name in "${wanted[@]}"; do has "$name" && tools+=("$name"); done
for job in suites tls whole; do
    printf '\n%-18s' "$job"
    for host in a b c; do printf '%28s' "$host: ms, ratio, connections"; done
    echo
    declare -A base=()
    for name in "${tools[@]}"; do
        [ -n "$(command_of $job "$name" x x)" ] || continue
        printf '%-18s' "$name"
        for host in a b c; do
            # The slowest by far is run once: its median would take an hour.
            times=() count=$runs
            [ "$name" != testssl ] || count=1
            # Once before it counts: the host starts processes for as many connections as come at once.
            [ "$name" = testssl ] ||
                timeout 900 bash -c "$(command_of $job "$name" "$(address $host)" "$out/before")" >"$out/said" 2>&1 </dev/null || :
            before=$(connections $host)
            for _ in $(seq "$count"); do
                rm -f "$out/$job.$name.$host"
                start=$(date +%s%N)
                timeout 900 bash -c "$(command_of $job "$name" "$(address $host)" "$out/$job.$name.$host")" >"$out/said" 2>&1 </dev/null || :
                times+=($((($(date +%s%N) - start) / 1000000)))
            done
            # A tool that wrote nothing was not timed.
            [ -s "$out/$job.$name.$host" ] || { printf '%28s' "failed"; head -n 3 "$out/said" >&2; continue; }
            median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((count + 1) / 2))p")
            [ "$name" != waxseal ] || base[$host]=$median
            made=$((($(connections $host) - before) / count))
            printf '%28s' "$(awk -v m="$median" -v b="${base[$host]:-0}" -v c="$made" 'BEGIN { printf "%d, %s, %d", m, b ? sprintf("%.1fx", m / b) : "-", c }')"
        done
        echo
    done
done
echo
python3 ci/bench_scan.py "$out" "${tools[@]}"
