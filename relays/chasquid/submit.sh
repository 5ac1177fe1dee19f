#!/bin/sh
# Hands the message on standard input to chasquid as one of its users: it relays for nobody else.
set -u
trace=$(curl --silent --show-error --verbose --max-time 9 --ssl-reqd --insecure \
    --user "lab@$WAXSEAL_HOSTNAME:waxseal" \
    --mail-from "$WAXSEAL_FROM" --mail-rcpt "$WAXSEAL_RECIPIENT" --upload-file - \
    "smtp://$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS:587/client.waxseal.test" 2>&1) && exit 0
# A 5yz reply is chasquid's word on the message; all else is no answer to it.
reply=$(printf '%s\n' "$trace" | tr -d '\r' | grep '^< 5' | tail -n1)
if [ -n "$reply" ]; then
    printf '%s\n' "${reply#< }"
    exit 1
fi
printf '%s\n' "$trace" | tr -d '\r' | grep -E '^< 4|^curl:' | tail -n1 >&2
exit 2
