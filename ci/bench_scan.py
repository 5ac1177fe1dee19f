#!/usr/bin/env python3
"""Reads what the scanners of ci/bench-scan.sh wrote, each in its own structured form, and compares it.

    ci/bench_scan.py FOLDER TOOL...

Prints the suites that not all tools list, by name, and a table of facts. `-` is: the tool's structured output does
not say. The host names are those of ci/scan-lab.sh: a as shipped, b hardened, c weak."""

import json
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

FOLDER, TOOLS = Path(sys.argv[1]), sys.argv[2:]
VERSIONS = ["ssl3", "1.0", "1.1", "1.2", "1.3"]


def load(tool, host, job="tls"):
    """The parsed output, or None where there is none."""
    path = FOLDER / f"{job}.{tool}.{host}"
    try:
        return xml.parse(path).getroot() if tool in ("sslscan", "nmap") else json.loads(path.read_text())
    except (OSError, ValueError, xml.ParseError):
        return None


def word(value):
    return {True: "yes", False: "no", None: "-"}.get(value, value)


class Waxseal:
    def __init__(self, host):
        self.scan = load("waxseal", host)
        self.whole = load("waxseal", host, "whole")
        self.facts = self.scan["facts"]

    def suites(self):
        return {(v["version"], s["suite"]["id"]): s["suite"]["name"] for v in self.facts["versions"] for s in v["suites"]}

    def facts_table(self):
        known = lambda found: found.get("known")
        answers, vulnerabilities, sessions = self.facts["answers"], self.facts["vulnerabilities"], self.facts["sessions"]
        chains = [s["result"]["known"]["chain"] for s in known(self.scan["certificates"]) if "known" in s["result"]]
        leaf = chains[0]["certificates"][0]
        primes = [s["dh_bits"] for v in self.facts["versions"] for s in v["suites"] if s["dh_bits"]]
        checks = known(self.whole["checks"]) if self.whole else None
        injected = [c["verdict"] for c in checks or [] if c["id"].startswith("inbound/injection/")]
        schemes = known(self.facts["schemes"])
        return {
            "smallest prime": min(primes, default="none"),
            "groups": len({name for key in ("groups", "groups_tls13") for name in (known(self.facts[key]) or {"names": []})["names"]}),
            "schemes of TLS 1.2": len(schemes["names"]) if schemes else None,
            "key of the certificate": leaf["key_bits"],
            "signed with SHA-1": "sha1" in leaf["signature"].lower(),
            "secure renegotiation": known(answers["secure_renegotiation"]),
            "client renegotiates": known(sessions["client_renegotiation"]),
            "TLS_FALLBACK_SCSV": known(answers["fallback_scsv"]),
            "extended master secret": known(answers["extended_master_secret"]),
            "downgrade sentinel": known(answers["downgrade_sentinel"]),
            "compression": known(answers["compression"]),
            "tickets": known(answers["session_ticket"]),
            "heartbleed": known(vulnerabilities["heartbleed"]) or False,
            "early ChangeCipherSpec": known(vulnerabilities["ccs_injection"]),
            "ROBOT": known(vulnerabilities["robot"]) if "robot" in vulnerabilities else None,
            "odd hellos borne": f"{sum(t['borne'].get('known') is True for t in self.facts['tolerance'])} of {len(self.facts['tolerance'])}",
            "STARTTLS injection": "fail" in injected if injected else None,
        }


class Sslscan:
    def __init__(self, host):
        self.test = load("sslscan", host).find("ssltest")

    def suites(self):
        version = lambda c: c.get("sslversion").removeprefix("TLSv").replace("SSLv3", "ssl3")
        return {(version(c), int(c.get("id"), 16)): c.get("cipher") for c in self.test.iter("cipher")}

    def facts_table(self):
        again = self.test.find("renegotiation")
        # Where no second handshake is begun at all, it does not tell.
        secure = None if again is None or again.get("supported") != "1" else again.get("secure") == "1"
        find = lambda name, key: (lambda e: None if e is None else e.get(key) == "1")(self.test.find(name))
        bits = [int(c.get("dhebits")) for c in self.test.iter("cipher") if c.get("dhebits")]
        key = self.test.find(".//certificate/pk")
        digest = self.test.find(".//certificate/signature-algorithm")
        groups = {g.get("name") for g in self.test.iter("group")}
        bleeds = [b.get("vulnerable") == "1" for b in self.test.iter("heartbleed")]
        return {
            "smallest prime": min(bits, default="none"),
            "groups": len(groups) or None,
            "schemes of TLS 1.2": len([s for s in self.test.iter("connection-signature-algorithm") if "1.2" in s.get("sslversion", "")]) or None,
            "key of the certificate": key.get("bits") if key is not None else None,
            "signed with SHA-1": "sha1" in digest.text.lower() if digest is not None else None,
            "secure renegotiation": secure,
            "TLS_FALLBACK_SCSV": find("fallback", "supported"),
            "compression": find("compression", "supported"),
            "heartbleed": any(bleeds) if bleeds else None,
        }


class Nmap:
    def __init__(self, host):
        self.scripts = {s.get("id"): s for s in load("nmap", host).iter("script")}

    def suites(self):
        found = {}
        enum = self.scripts.get("ssl-enum-ciphers")
        for table in [] if enum is None else enum.findall("table"):
            version = table.get("key").removeprefix("TLSv").replace("SSLv3", "ssl3")
            for name in table.findall("./table[@key='ciphers']/table/elem[@key='name']"):
                # Its names of TLS 1.3 are its own.
                found[(version, name.text.replace("TLS_AKE_WITH_", "TLS_"))] = name.text
        return found

    def facts_table(self):
        key = self.scripts.get("ssl-cert")
        bits = key.find("./table[@key='pubkey']/elem[@key='bits']") if key is not None else None
        digest = key.find("./elem[@key='sig_algo']") if key is not None else None
        enum = self.scripts.get("ssl-enum-ciphers")
        primes = [int(e.text.split()[1]) for e in enum.iter("elem") if e.get("key") == "kex_info" and e.text.startswith("dh ")]
        compressors = [e.text for t in enum.iter("table") if t.get("key") == "compressors" for e in t.iter("elem")]
        return {
            "smallest prime": min(primes, default="none"),
            "key of the certificate": bits.text if bits is not None else None,
            "signed with SHA-1": "sha1" in digest.text.lower() if digest is not None else None,
            "compression": any(c != "NULL" for c in compressors) if compressors else None,
        }


class Sslyze:
    def __init__(self, host):
        self.result = load("sslyze", host)["server_scan_results"][0]["scan_result"]

    def of(self, name):
        return (self.result.get(name) or {}).get("result") or {}

    def suites(self):
        found = {}
        for version in VERSIONS:
            key = {"ssl3": "ssl_3_0"}.get(version, f"tls_{version.replace('.', '_')}") + "_cipher_suites"
            for accepted in self.of(key).get("accepted_cipher_suites", []):
                name = accepted["cipher_suite"]["name"]
                found[(version, name)] = name
        return found

    def facts_table(self):
        keys = [k for k in self.result if k.endswith("_cipher_suites")]
        ephemeral = [a.get("ephemeral_key") or {} for k in keys for a in self.of(k).get("accepted_cipher_suites", [])]
        primes = [e["size"] for e in ephemeral if e.get("type_name") == "DH"]
        chains = self.of("certificate_info").get("certificate_deployments") or []
        leaf = chains[0]["received_certificate_chain"][0] if chains else {}
        robot = self.of("robot").get("robot_result")
        tickets = self.of("session_resumption").get("tls_ticket_resumption_result")
        return {
            "smallest prime": min(primes, default="none"),
            "groups": len(self.of("elliptic_curves").get("supported_curves") or []) or None,
            "key of the certificate": (leaf.get("public_key") or {}).get("key_size"),
            "signed with SHA-1": (lambda d: None if not d else d["name"].lower() == "sha1")(leaf.get("signature_hash_algorithm")),
            "secure renegotiation": self.of("session_renegotiation").get("supports_secure_renegotiation"),
            "client renegotiates": self.of("session_renegotiation").get("is_vulnerable_to_client_renegotiation_dos"),
            "TLS_FALLBACK_SCSV": self.of("tls_fallback_scsv").get("supports_fallback_scsv"),
            "extended master secret": self.of("tls_extended_master_secret").get("supports_ems_extension"),
            "compression": self.of("tls_compression").get("supports_compression"),
            "tickets": None if tickets is None else tickets != "NOT_SUPPORTED",
            "heartbleed": self.of("heartbleed").get("is_vulnerable_to_heartbleed"),
            "early ChangeCipherSpec": self.of("openssl_ccs_injection").get("is_vulnerable_to_ccs_injection"),
            "ROBOT": None if robot is None or robot.startswith("UNKNOWN") else not robot.startswith("NOT_VULNERABLE"),
        }


class Testssl:
    def __init__(self, host):
        rows = load("testssl", host)
        self.rows = {row["id"]: row["finding"] for row in rows}

    def suites(self):
        """It lists each suite once, without the version: TLS 1.3 apart, one is the same in all."""
        return {(None, int(key.removeprefix("cipher_x"), 16)): text.split()[-1] for key, text in self.rows.items() if key.startswith("cipher_x")}

    def facts_table(self):
        primes = [int(t.split()[3]) for k, t in self.rows.items() if k.startswith("cipher_x") and t.split()[2] == "DH"]
        said = lambda key, good: None if key not in self.rows else good in self.rows[key].lower()
        key = self.rows.get("cert_keySize")
        return {
            "smallest prime": min(primes, default="none"),
            "key of the certificate": key.split()[1] if key else None,
            "signed with SHA-1": said("cert_signatureAlgorithm", "sha1"),
            "secure renegotiation": said("secure_renego", "supported"),
            "client renegotiates": None if "secure_client_renego" not in self.rows else "not vulnerable" not in self.rows["secure_client_renego"].lower(),
            # It does not ask where nothing below TLS 1.2 is spoken.
            "TLS_FALLBACK_SCSV": None if "no protocol below" in self.rows.get("fallback_SCSV", "").lower() else said("fallback_SCSV", "supported"),
            "heartbleed": None if "heartbleed" not in self.rows else "not vulnerable" not in self.rows["heartbleed"].lower(),
            "ROBOT": None if "ROBOT" not in self.rows else "not vulnerable" not in self.rows["ROBOT"].lower() and "vulnerable" in self.rows["ROBOT"].lower(),
            "early ChangeCipherSpec": None if "CCS" not in self.rows else "not vulnerable" not in self.rows["CCS"].lower(),
        }


READERS = {"waxseal": Waxseal, "sslscan": Sslscan, "nmap": Nmap, "sslyze": Sslyze, "testssl": Testssl}


def suites_table(host, read):
    """Every suite that waxseal and another tool do not agree about."""
    ours = read["waxseal"].suites()
    for tool, reader in read.items():
        if tool == "waxseal":
            continue
        theirs = reader.suites()
        by_name = any(isinstance(key, str) for _, key in theirs)
        with_version = not any(version is None for version, _ in theirs)
        mine = {(v if with_version else None, name if by_name else number): name for (v, number), name in ours.items()}
        only_ours = sorted({f"{v or ''} {mine[v, k]}".strip() for v, k in mine.keys() - theirs.keys()})
        only_theirs = sorted({f"{v or ''} {theirs[v, k]}".strip() for v, k in theirs.keys() - mine.keys()})
        print(f"{host}: waxseal {len(mine)}, {tool} {len(theirs)}: " + ("the same" if not only_ours + only_theirs else "not the same"))
        for who, names in (("waxseal", only_ours), (tool, only_theirs)):
            for name in names:
                print(f"    only {who}: {name}")


def main():
    hosts = {}
    for host in "abc":
        hosts[host] = {}
        for tool in TOOLS:
            try:
                hosts[host][tool] = READERS[tool](host)
            except (AttributeError, KeyError, IndexError, TypeError) as error:
                print(f"bench_scan: the output of {tool} on {host} cannot be read: {error!r}", file=sys.stderr)
    print("suites, by version and name (testssl: by name)")
    for host, read in hosts.items():
        if "waxseal" in read:
            suites_table(host, read)
    for host, read in hosts.items():
        tables = {}
        for tool, reader in read.items():
            try:
                tables[tool] = reader.facts_table()
            except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
                print(f"bench_scan: the facts of {tool} on {host} cannot be read: {error!r}", file=sys.stderr)
        print(f"\n{host + ': facts':<26}" + "".join(f"{tool:>12}" for tool in tables))
        for name in dict.fromkeys(name for table in tables.values() for name in table):
            print(f"{name:<26}" + "".join(f"{str(word(table.get(name))):>12}" for table in tables.values()))


main()
