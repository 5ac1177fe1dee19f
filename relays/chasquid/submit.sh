#!/bin/sh
# Hands the message on standard input to chasquid as one of its users: it relays for nobody else.
set -u
# One of three, the same for each message of a case.
case $(($(printf '%s' "${WAXSEAL_RECIPIENT#*@}" | cksum | cut -d ' ' -f 1) % 3)) in
    0) port=587 ;;
    1) port=581 ;;
    *) port=582 ;;
esac
trace=$(curl --silent --show-error --verbose --max-time 9 --ssl-reqd --insecure \
    --user "lab@$WAXSEAL_HOSTNAME:waxseal" \
    --mail-from "$WAXSEAL_FROM" --mail-rcpt "$WAXSEAL_RECIPIENT" --upload-file - \
    "smtp://$WAXSEAL_LISTEN_OPPORTUNISTIC_ADDRESS:$port/client.waxseal.test" 2>&1) && exit 0
# A 5yz reply is chasquid's word on the message; all else is no answer to it.
reply=$(printf '%s\n' "$trace" | tr -d '\r' | grep '^< 5' | tail -n1)
if [ -n "$reply" ]; then
    printf '%s\n' "${reply#< }"
    exit 1
fi
printf '%s\n' "$trace" | tr -d '\r' | grep -E '^< 4|^curl:' | tail -n1 >&2
exit 2
