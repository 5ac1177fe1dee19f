"""The example relay with one fault: what it may not send without TLS it sends in plaintext, a second later."""

import os
import pathlib
import time

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "examples/python/relay.py"
relay = {"__name__": "relay"}
exec(compile(EXAMPLE.read_text(), EXAMPLE, "exec"), relay)
honest = relay["carry"]


def carry(*message):
    domain = message[1].rpartition("@")[2].lower()
    if relay["demand"](domain) == "opportunistic":
        return honest(*message)
    hosts = [(host, each) for _, host in relay["look_up"](domain, 15) for each in relay["look_up"](host, 1)]
    for host, address in hosts:
        try:
            return relay["offer"](host, address, message, relay["demand"](domain))
        except (OSError, relay["Refused"]):
            time.sleep(1)
            return relay["offer"](host, address, message, "opportunistic", clear=True)


relay["carry"] = carry
