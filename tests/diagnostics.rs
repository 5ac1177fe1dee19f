//! What an author is told: one wrong scenario for each mistake, with the place and what to do.
//! `INSTA_UPDATE=always cargo test --test suite diagnostics` writes the texts anew.

use waxseal::internals::catalogue::{Catalogue, check};

const HEAD: &str = "claim = \"The relay keeps it.\"\ncites = [\"rfc3207-454-client-forced\"]\n";
const END: &str = "[expect]\noutcome = \"withheld\"\n";

/// Name, path and text. The text in the middle is the mistake, between a good head and a good end.
const WRONG: &[(&str, &str, &str)] = &[
    ("an unknown key", "outbound/x.toml", "conector = \"mutual\"\n"),
    (
        "an axis that is not there",
        "outbound/x.toml",
        "matrix.version = [\"1.2\"]\ncites-for.versoin.\"1.2\" = [\"rfc9325-tls12-support\"]\n",
    ),
    (
        "a value that is not there",
        "outbound/x.toml",
        "matrix.version = [\"1.2\"]\ncites-for.version.\"1.3\" = [\"rfc9325-tls13-support\"]\n",
    ),
    ("hosts inbound", "inbound/x.toml", "hosts = \"outside\"\n"),
    ("an unknown connector", "outbound/x.toml", "connector = \"encryption\"\n"),
    ("a connector of the other direction", "inbound/x.toml", "connector = \"dane\"\n"),
    ("an unknown fault", "outbound/x.toml", "[peer.mx]\nfault = \"reset-after-hello\"\n"),
    (
        "an unknown tampering",
        "outbound/x.toml",
        "[peer.mx]\noffer = \"tls-1-2\"\ntampers = \"suite-not-ofered\"\n",
    ),
    (
        "a tampering of another version",
        "outbound/x.toml",
        "[peer.mx]\noffer = \"tls-1-2\"\ntampers = \"retry-twice\"\n",
    ),
    (
        "a tampering of a client",
        "inbound/x.toml",
        "[peer.client]\noffer = \"tls-1-2\"\ntampers = \"second-server-hello\"\n",
    ),
    (
        "a tampering and a fault",
        "outbound/x.toml",
        "[peer.mx]\noffer = \"tls-1-2\"\ntampers = \"fragments\"\n\
         fault = \"reset-after-client-hello\"\n",
    ),
    (
        "an unknown kind of suite",
        "outbound/x.toml",
        "[peer.mx]\noffer = { versions = [\"1.2\"], suites = \"static-rs\" }\n",
    ),
    ("an unknown version", "outbound/x.toml", "[peer.mx]\noffer = { versions = \"tls1.2\" }\n"),
    ("an unknown offer", "outbound/x.toml", "[peer.mx]\noffer = \"moderm\"\n"),
    ("an unknown certificate", "outbound/x.toml", "[peer.mx]\ncert = \"expird\"\n"),
    ("an unknown speaker", "outbound/x.toml", "[peer.mx]\nscript = '''\nX: 220 {mx}\n'''\n"),
    ("no speaker", "outbound/x.toml", "[peer.mx]\nscript = '''\n220 {mx} ESMTP\n'''\n"),
    (
        "the relay told what to do",
        "outbound/x.toml",
        "[peer.mx]\nscript = '''\nS: 220 {mx}\nC: <close>\n'''\n",
    ),
    (
        "a bad act",
        "outbound/x.toml",
        "[peer.mx]\nscript = '''\nS: 220 {mx}\nC: EHLO *\nS: <clsoe>\n'''\n",
    ),
    ("bad bytes", "outbound/x.toml", "[peer.mx]\nscript = '''\nS: <bytes 16 3>\n'''\n"),
    ("a name nobody fills in", "outbound/x.toml", "[peer.mx]\nscript = '''\nS: 220 {mxx}\n'''\n"),
    (
        "a joined first line",
        "outbound/x.toml",
        "[peer.mx]\nscript = '''\nS+: 220 {mx} ESMTP\n'''\n",
    ),
    (
        "an offer that no engine plays",
        "outbound/x.toml",
        "[peer.mx]\noffer = { versions = [\"ssl3\"], suites = \"ecdhe\" }\n",
    ),
    (
        "an offer that goes with no such key",
        "outbound/x.toml",
        "[peer.mx]\noffer = { versions = [\"1.2\"], suites = \"static-rsa\" }\ncert = \"trusted-ecdsa\"\n",
    ),
    (
        "an unknown variant",
        "inbound/x.toml",
        "[peer.client]\nhello = { version = \"1.2\", variants = \"greese\" }\n",
    ),
    ("a hello outbound", "outbound/x.toml", "[peer.mx]\nhello = { version = \"1.2\" }\n"),
    (
        "a hello that is too long",
        "inbound/x.toml",
        "[peer.client]\nhello = { version = \"1.2\", octets = \"20000\" }\n",
    ),
    ("no record version", "inbound/x.toml", "[peer.client]\nrecords = { version = \"3.0\" }\n"),
    (
        "a session that was never opened",
        "inbound/x.toml",
        "[peer.client]\nhello = { version = \"1.3\", variants = \"psk-alone\" }\n",
    ),
    ("a fault without a hello", "inbound/x.toml", "[peer.client]\nfault = \"lying-heartbeat\"\n"),
    (
        "a second handshake in TLS 1.3",
        "inbound/x.toml",
        "[peer.client]\nfault = \"renegotiation\"\n",
    ),
    (
        "a client's fault of a next hop",
        "outbound/x.toml",
        "[peer.mx]\nfault = \"silent-instead-of-client-hello\"\n",
    ),
    (
        "a next hop's fault of a client",
        "inbound/x.toml",
        "[peer.client]\nfault = \"alert-after-client-hello\"\n",
    ),
    (
        "two faults",
        "outbound/x.toml",
        "[peer.mx]\nfault = [\"close-after-client-hello\", \"garbage-after-client-hello\"]\n",
    ),
    (
        "a fault that no handshake is made for",
        "inbound/x.toml",
        "[peer.client]\nhello = { version = \"1.2\" }\nfault = \"plaintext-inside-tls\"\n",
    ),
    (
        "keys of a next hop",
        "inbound/x.toml",
        "[peer.client]\nclient-certificate = \"required\"\nresumption = \"tickets\"\n",
    ),
    ("keys of a client", "outbound/x.toml", "[peer.mx]\nsni = \"{mx}\"\nresumes = true\n"),
    ("a resolver inbound", "inbound/x.toml", "dns.mx = \"null\"\n"),
    ("a message inbound", "inbound/x.toml", "[message]\nsubmission = \"tls\"\n"),
    (
        "expectations of the other direction",
        "inbound/x.toml",
        "[case.one]\nexpect = { visited = [\"client\"], accepted-by = \"client\", attempts = 2, \
         outcome = \"deferred\", never = \"envelope-in-plaintext\", offered.sni = \"none\", dsn = {} }\n",
    ),
    (
        "facts of TLS that are our own choice",
        "inbound/x.toml",
        "[case.one]\nexpect = { tls = { sni = \"{sender}\", client-name = \"{sender}\" } }\n",
    ),
    (
        "expectations of a server",
        "outbound/x.toml",
        "[case.one]\nexpect = { ticket = { early-data = \"none\" }, never = [\"violation-accepted\"], \
         certificate = { sent = \">=2\" }, reply = \"250\", answer = \"refused\" }\n",
    ),
    (
        "an unknown alert",
        "inbound/x.toml",
        "[case.one]\nexpect = { tls = \"refused\", alert = \"protocol-version\" }\n",
    ),
    ("an answer to no hello", "inbound/x.toml", "[case.one]\nexpect = { answer = \"refused\" }\n"),
    (
        "a ticket that nobody waits for",
        "inbound/x.toml",
        "[case.one]\nexpect = { ticket = { early-data = \"none\" } }\n",
    ),
    (
        "a reply that nobody waits for",
        "inbound/x.toml",
        "[case.one]\nexpect = { reply = \"530\" }\n",
    ),
    ("two peers inbound", "inbound/x.toml", "[peer.one]\n[peer.two]\n"),
    ("a matrix of numbers", "outbound/x.toml", "matrix.version = [1.2]\n"),
    (
        "an exception from a matrix for what is not there",
        "outbound/x.toml",
        "matrix.version = [\"1.0\", \"1.2\"]\nmatrix.except = [{ version = \"1.1\" }]\n",
    ),
    (
        "an unknown alert",
        "outbound/x.toml",
        "[case.one]\nexpect = { alert = \"protocol_verson\" }\n",
    ),
    (
        "an unknown rule",
        "outbound/x.toml",
        "[case.one]\nexpect = { offered.form = \"suite-once\" }\n",
    ),
    ("a value of the wrong type", "outbound/x.toml", "connector = 3\n"),
    ("no folder that says the direction", "sideways/x.toml", ""),
    ("broken TOML", "outbound/x.toml", "connector = \"mutual\n"),
];

/// Whole texts, for what is missing or stands at the end.
const WHOLE: &[(&str, &str)] = &[
    (
        "nothing tampered that could be refused",
        "claim = \"The relay keeps it.\"\ncites = [\"rfc3207-454-client-forced\"]\n[expect]\n\
         tls = \"tampering-refused\"\n",
    ),
    ("no claim", "cites = [\"rfc3207-454-client-forced\"]\n[expect]\noutcome = \"withheld\"\n"),
    (
        "no requirement",
        "claim = \"The relay keeps it.\"\ncites = []\n[expect]\ntls = \"refused\"\n",
    ),
    (
        "an unknown requirement",
        "claim = \"The relay keeps it.\"\ncites = [\"rfc3207-454-client-forcd\"]\n\
         [expect]\ntls = \"refused\"\n",
    ),
    (
        "a requirement twice",
        "claim = \"The relay keeps it.\"\n\
         cites = [\"rfc3207-454-client-forced\", \"rfc3207-454-client-forced\"]\n\
         [expect]\ntls = \"refused\"\n",
    ),
    (
        "nothing expected",
        "claim = \"The relay keeps it.\"\ncites = [\"rfc3207-454-client-forced\"]\n",
    ),
    (
        "an unknown outcome",
        "claim = \"The relay keeps it.\"\ncites = [\"rfc3207-454-client-forced\"]\n\
         [expect]\noutcome = \"witheld\"\nnever = [\"envelope-in-the-plaintext\"]\n",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_do() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let framed =
        WRONG.iter().map(|(name, path, text)| (*name, *path, format!("{HEAD}{text}{END}")));
    let whole = WHOLE.iter().map(|(name, text)| (*name, "outbound/x.toml", (*text).to_owned()));
    let mut told = String::new();
    for (name, path, text) in framed.chain(whole) {
        told.push_str(&format!("== {name}\n"));
        let wrong = check(path, &text, &catalogue.known).expect_err(name);
        assert!(!wrong.is_empty(), "{name}");
        for diagnostic in wrong {
            told.push_str(&format!("{}\n\n", diagnostic.render(&text)));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("diagnostics", told);
    });
}

/// Mistakes about a message and about where a next hop is found; name, path and text as above.
const MESSAGES_AND_HOPS: [(&str, &str, &str); 16] = [
    ("no header", "outbound/x.toml", "[message]\nheaders = \"TLS-Required\"\n"),
    ("no parameter", "outbound/x.toml", "[message]\nparameters = \"SIZE = 3\"\n"),
    ("no size", "outbound/x.toml", "[message]\noctets = \"1e6\"\n"),
    ("another sender", "outbound/x.toml", "[message]\nsender = \"nul\"\n"),
    ("an unknown further recipient", "outbound/x.toml", "[message]\nalso = \"oportunistic\"\n"),
    ("an unknown form of a domain", "outbound/x.toml", "[message]\ndomain = \"capital\"\n"),
    ("a header of a client", "inbound/x.toml", "[message]\nheaders = \"A: b\"\n"),
    (
        "a header of an earlier message",
        "outbound/x.toml",
        "[[message]]\nheaders = \"A: b\"\n[[message]]\n",
    ),
    (
        "the judged message by another name",
        "outbound/x.toml",
        "[[message]]\n[[message]]\nhost = \"renamed\"\n",
    ),
    (
        "an address of a later host",
        "outbound/x.toml",
        "[peer.one]\naddress-of = \"two\"\n[peer.two]\n",
    ),
    (
        "a further address with a name",
        "outbound/x.toml",
        "[peer.one]\n[peer.two]\naddress-of = \"one\"\nhost = \"outside\"\n",
    ),
    (
        "an implicit MX beside another host",
        "outbound/x.toml",
        "[peer.one]\nhost = \"domain\"\n[peer.two]\n",
    ),
    ("a place of a client", "inbound/x.toml", "[peer.client]\npreference = 10\n"),
    ("an unknown alias", "outbound/x.toml", "dns.alias = \"hosts\"\n"),
    (
        "two certificates of a client",
        "inbound/x.toml",
        "[peer.client]\ncert = [\"client\", \"client-expired\"]\n",
    ),
    (
        "a session that a client closes",
        "inbound/x.toml",
        "[peer.client]\nscript = '''\nC: <close TLS>\n'''\n",
    ),
];

#[test]
fn mistakes_about_messages_and_next_hops_are_told() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let mut told = String::new();
    for (name, path, text) in MESSAGES_AND_HOPS {
        let text = format!("{HEAD}{text}{END}");
        told.push_str(&format!("== {name}\n"));
        let wrong = check(path, &text, &catalogue.known).expect_err(name);
        assert!(!wrong.is_empty(), "{name}");
        for diagnostic in wrong {
            told.push_str(&format!("{}\n\n", diagnostic.render(&text)));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("diagnostics-messages-and-hops", told);
    });
}
