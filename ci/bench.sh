#!/usr/bin/env bash
# Times whole runs, start and end of the relay included: the reference relay with all cases at once and one by one,
# and every product that is installed. Prints medians and ratios and judges nothing: machines differ.
# With another build of waxseal, such as one of before a change, each run is timed with both, one after the other.
# Usage: ci/bench.sh [RUNS [OTHER-WAXSEAL]]
set -euo pipefail
other=${2:+$(readlink -f "$2")}
cd "$(dirname "$(readlink -f "$0")")/.."
runs=${1:-3}
cargo build --release --quiet
waxseal=$PWD/target/release/waxseal
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# once PROGRAM NAME ARGUMENT...: the milliseconds of a run, added to $out/NAME.times; its record is $out/NAME.json.
once() {
    local program=$1 name=$2 start
    shift 2
    start=$(date +%s%N)
    "$program" run "$@" --format json >"$out/$name.json" 2>"$out/$name.err" || [ $? -ne 2 ] || {
        cat "$out/$name.err" >&2
        return 1
    }
    echo $((($(date +%s%N) - start) / 1000000)) >>"$out/$name.times"
}

middle() { sort -n "$out/$1.times" | sed -n "$(((runs + 1) / 2))p"; }
played() { python3 -c 'import json, sys; s = json.load(open(sys.argv[1]))["summary"]; print(sum(s.values()) - s["skipped"])' "$out/$1.json"; }
by() { python3 -c "print(f'{$1 / max($2, 1):.2f}')"; }

# row TITLE NAME ARGUMENT...: the median of some runs.
row() {
    local title=$1 name=$2 time before cases
    shift 2
    for _ in $(seq "$runs"); do
        once "$waxseal" "$name" "$@"
        [ -z "$other" ] || once "$other" "$name-before" "$@"
    done
    time=$(middle "$name") cases=$(played "$name")
    [ "$name" != together ] || together=$time
    printf '%-24s %6s cases %8s ms %8s ms a case %8s x' "$title" "$cases" "$time" "$(by "$time" "$cases")" "$(by "$time" "$together")"
    if [ "$other" ]; then
        before=$(middle "$name-before") cases=$(played "$name-before")
        printf '   before: %6s cases %8s ms %8s ms a case, now %s x' "$cases" "$before" "$(by "$before" "$cases")" "$(by "$time" "$before")"
    fi
    echo
}

echo "runs of each: $runs, medians; x is the time beside that of the reference relay, all at once"
row "reference, all at once" together reference
row "inbound, all at once" beside reference --case 'inbound/*'
row "inbound, one by one" alone reference --jobs 1 --case 'inbound/*'
for name in $("$waxseal" relays | sed -n 's/^\([a-z0-9-]*\): .*/\1/p' | grep -v '^reference$'); do
    if "$waxseal" relays doctor "$name" >"$out/doctor" 2>&1; then
        row "$name" "$name" "$name"
    else
        printf '%-24s not timed: %s\n' "$name" "$(tail -n 1 "$out/doctor")"
    fi
done
