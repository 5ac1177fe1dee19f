"""A small relay: takes mail, asks the resolver, passes mail on, gives back what it cannot deliver.

All it has to know is in the file that WAXSEAL_LAB names. It uses nothing but Python's own library.
"""

import contextlib
import json
import os
import random
import socket
import ssl
import struct
import threading
import time

LAB = json.load(open(os.environ["WAXSEAL_LAB"]))
HOST = LAB["hostname"]
os.chdir(LAB["dir"])  # The names of files are relative to it.


def context(purpose):
    made = ssl.SSLContext(purpose)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    return made


SERVER = context(ssl.PROTOCOL_TLS_SERVER)
SERVER.load_cert_chain(LAB["certificate"]["chain"], LAB["certificate"]["key"])


class Refused(Exception):
    """The next hop, or our own rule, says no: an enhanced code and a text."""


class Line:
    """One connection: lines in, lines out, TLS in between. What was read in plaintext is forgotten when TLS begins."""

    def __init__(self, stream):
        self.stream, self.buffer, self.secured = stream, b"", False
        stream.settimeout(2)

    def read(self):
        while b"\n" not in self.buffer:
            more = self.stream.recv(4096)
            if not more:
                raise ConnectionError("the other side has gone")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def say(self, text):
        self.stream.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")

    def ask(self, text, code=b""):
        if text:
            self.say(text)
        reply = [self.read()]
        while reply[-1][3:4] == b"-":
            reply.append(self.read())
        if not reply[-1].startswith(code):
            raise Refused("4.0.0", b" ".join(reply).decode("ascii", "replace"))
        return reply

    def secure(self, made, **options):
        self.buffer = b""
        self.stream = made.wrap_socket(self.stream, **options)
        self.secured = True


def serve(stream, listener):
    """A session with a sender."""
    line = Line(stream)
    stream.settimeout(30)
    if listener["tls"] == "implicit":
        line.secure(SERVER, server_side=True)
    forced = listener["connector"] != "opportunistic"
    greeted, sender, recipients = False, None, []
    line.say(f"220 {HOST} ESMTP example")
    while True:
        command = line.read()
        verb = command.split(b" ")[0].upper()
        argument = command.partition(b"<")[2].partition(b">")[0].decode("ascii", "replace")
        if verb == b"QUIT":
            line.say("221 2.0.0 Bye")
            return
        if forced and not line.secured and verb not in (b"EHLO", b"HELO", b"NOOP", b"STARTTLS"):
            line.say("530 5.7.0 Must issue a STARTTLS command first")
        elif verb in (b"EHLO", b"HELO"):
            greeted, sender, recipients = True, None, []
            offer = "" if line.secured else "250-STARTTLS\r\n"
            line.say(f"250 {HOST}" if verb == b"HELO" else f"250-{HOST}\r\n{offer}250 ENHANCEDSTATUSCODES")
        elif verb == b"STARTTLS" and command.upper() != b"STARTTLS":
            line.say("501 5.5.4 STARTTLS takes no argument")
        elif verb == b"STARTTLS" and not line.secured:
            line.say("220 2.0.0 Go ahead")
            line.secure(SERVER, server_side=True)
            greeted, sender, recipients = False, None, []
        elif verb == b"MAIL" and greeted:
            sender, recipients = argument, []
            line.say("250 2.1.0 OK")
        elif verb == b"RCPT" and sender is not None:
            recipients.append(argument)
            line.say("250 2.1.5 OK")
        elif verb == b"DATA" and recipients:
            line.say("354 Go ahead")
            content = b"".join(each + b"\r\n" for each in iter(line.read, b"."))
            for recipient in recipients:
                message = (sender, recipient, content)
                threading.Thread(target=carry, args=message, daemon=True).start()
            sender, recipients = None, []
            line.say("250 2.0.0 Queued")
        elif verb in (b"NOOP", b"RSET"):
            sender, recipients = (sender, recipients) if verb == b"NOOP" else (None, [])
            line.say("250 2.0.0 OK")
        else:
            known = verb in (b"MAIL", b"RCPT", b"DATA", b"STARTTLS")
            line.say("503 5.5.1 Not now" if known else "502 5.5.1 Not implemented")


def look_up(name, kind):
    """Records of one type: (preference, host) for MX (15), addresses for A (1)."""
    number = random.randrange(65536)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)
    server = (LAB["dns"]["address"], LAB["dns"]["port"])
    with socket.create_connection(server, 2) as stream:
        stream.sendall(struct.pack(">H", len(query)) + query)
        answer = stream.makefile("rb")
        data = answer.read(struct.unpack(">H", answer.read(2))[0])

    def name_at(at):
        labels, end = [], None
        while data[at]:
            if data[at] >= 0xC0:
                end, at = end or at + 2, (data[at] & 0x3F) << 8 | data[at + 1]
            else:
                labels.append(data[at + 1 : at + 1 + data[at]].decode())
                at += 1 + data[at]
        return ".".join(labels), end or at + 1

    at, records = name_at(12)[1] + 4, []
    for _ in range(struct.unpack(">H", data[6:8])[0]):
        at = name_at(at)[1]
        found, _, _, length = struct.unpack(">HHIH", data[at : at + 10])
        at += 10
        if found == kind == 15:
            records.append((struct.unpack(">H", data[at : at + 2])[0], name_at(at + 2)[0]))
        elif found == kind == 1:
            records.append(socket.inet_ntoa(data[at : at + 4]))
        at += length
    return sorted(records)


def demand(domain):
    fitting = (rule["tls"] for rule in LAB["outbound"] if domain.endswith(tuple(rule["domains"])))
    return next(fitting, "opportunistic")


def offer(host, address, message, tls, clear=False):
    """One connection; raises ssl.SSLError or OSError where TLS or the connection breaks."""
    sender, recipient, content = message
    with socket.create_connection((address, LAB["smtp_port"]), 2) as stream:
        line = Line(stream)

        line.ask("", b"220")
        listed = line.ask(f"EHLO {HOST}")
        if not listed[-1].startswith(b"250"):
            listed = line.ask(f"HELO {HOST}", b"250")[:1]
        offered = any(word[4:].upper() == b"STARTTLS" for word in listed[1:])
        go_ahead = offered and not clear and line.ask("STARTTLS")[-1].startswith(b"220")
        if go_ahead:
            made = context(ssl.PROTOCOL_TLS_CLIENT)
            made.check_hostname = tls == "domain-validation"
            made.verify_mode = ssl.CERT_REQUIRED if made.check_hostname else ssl.CERT_NONE
            made.load_verify_locations(LAB["trust_anchors"])
            line.secure(made, server_hostname=host)
            line.ask(f"EHLO {HOST}", b"250")
        elif tls != "opportunistic":
            raise Refused("4.7.4", "TLS is required, but cannot be had")
        line.ask(f"MAIL FROM:<{sender}>", b"250")
        line.ask(f"RCPT TO:<{recipient}>", b"250")
        line.ask("DATA", b"354")
        line.say(content)
        line.ask(".", b"250")
        line.say("QUIT")


def carry(*message):
    """Three attempts at every host, then a report to the sender."""
    sender, recipient, _ = message
    domain = recipient.rpartition("@")[2].lower()
    tls, status, text = demand(domain), "4.4.1", "no host could be reached"
    for _ in range(3):
        hosts = [host for _, host in look_up(domain, 15)]
        if hosts == [""]:
            status, text = "5.1.10", "the domain takes no mail"
            break
        for host, address in [(host, each) for host in hosts or [domain] for each in look_up(host, 1)]:
            for clear in (False, True) if tls == "opportunistic" else (False,):
                try:
                    return offer(host, address, message, tls, clear)
                except Refused as refused:
                    # It was asked and said no, for now or for good: that is no lack of TLS.
                    status, text = refused.args
                    break
                except OSError as error:
                    status, text = "4.7.5", str(error)
        time.sleep(0.2)
    if sender:
        report = (
            f"From: <postmaster@{HOST}>\r\nTo: <{sender}>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n"
            f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {HOST}\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: X-Example; {' '.join(text.split())}\r\n--r--\r\n"
        )
        carry("", sender, report.encode())


def session(stream, listener):
    # A sender that has gone, or whose handshake failed, is nobody's trouble.
    with stream, contextlib.suppress(OSError):
        serve(stream, listener)


def listen(listener):
    server = socket.create_server((listener["address"], listener["port"]), backlog=128)
    while True:
        threading.Thread(target=session, args=(server.accept()[0], listener), daemon=True).start()


for each in LAB["listen"]:
    threading.Thread(target=listen, args=(each,)).start()
