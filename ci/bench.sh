#!/usr/bin/env bash
# Times whole runs, start and end of the relay included: the reference relay with all cases at once and one by one,
# and every product that is installed. Prints medians and ratios and judges nothing: machines differ.
# Usage: ci/bench.sh [RUNS]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
runs=${1:-3}
cargo build --release --quiet
waxseal=target/release/waxseal
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# median NAME ARGUMENT...: seconds of the middle run; the last record stays in $out/NAME.json.
median() {
    local name=$1 times=() start
    shift
    for _ in $(seq "$runs"); do
        start=$(date +%s%N)
        "$waxseal" run "$@" --format json >"$out/$name.json" 2>"$out/$name.err" || [ $? -ne 2 ] || {
            cat "$out/$name.err" >&2
            return 1
        }
        times+=("$((($(date +%s%N) - start) / 1000000))")
    done
    printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p"
}

count() { python3 -c 'import json, sys; s = json.load(open(sys.argv[1]))["summary"]; print(sum(s.values()) - s["skipped"])' "$out/$1.json"; }

row() { printf '%-28s %6s cases %8s ms %8s ms a case %8s\n' "$1" "$2" "$3" "$(python3 -c "print(round($3 / max($2, 1), 1))")" "$4"; }
ratio() { python3 -c "print(f'{$1 / $2:.2f} x')"; }

echo "runs of each: $runs, medians; the last column is the time beside that of the reference relay, all at once"
together=$(median together reference)
row "reference, all at once" "$(count together)" "$together" "1.00 x"
alone=$(median alone reference --jobs 1 --case 'inbound/*')
beside=$(median beside reference --case 'inbound/*')
row "inbound, all at once" "$(count beside)" "$beside" "$(ratio "$beside" "$together")"
row "inbound, one by one" "$(count alone)" "$alone" "$(ratio "$alone" "$together")"
for name in $("$waxseal" relays | sed -n 's/^\([a-z0-9-]*\): .*/\1/p' | grep -v '^reference$'); do
    if "$waxseal" relays doctor "$name" >"$out/doctor" 2>&1; then
        time=$(median "$name" "$name")
        row "$name" "$(count "$name")" "$time" "$(ratio "$time" "$together")"
    else
        printf '%-28s not timed: %s\n' "$name" "$(tail -n 1 "$out/doctor")"
    fi
done
