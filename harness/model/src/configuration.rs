//! What a driver tells of the user's own configuration when it puts that in place.
//!
//! A line of its `[config]` command is one thing: a word, a tab, and fields with tabs between.

use serde::{Deserialize, Serialize};

use crate::foreign::Foreign;
use crate::limits;
use crate::scenario::Connector;
use crate::script::Direction;

/// All that was told, in the order of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What is set otherwise in the copy.
    pub overrides: Vec<Override>,
    /// What is on the disk and not what the administrator means, or decides about TLS and had to be
    /// replaced.
    pub findings: Vec<Foreign>,
    /// What the answer depends on, and of which the probe has one value.
    pub warnings: Vec<Foreign>,
    /// The policy entries and routes of the configuration, where they were asked for.
    pub entries: Vec<Entry>,
    /// The certificates that the configuration shows, with their keys.
    pub shown: Vec<Shown>,
    /// The listeners of the configuration, where they were asked for.
    pub listeners: Vec<Listener>,
}

/// A certificate of the user's own, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whether a listener shows it, or the relay to next hops.
    pub direction: Direction,
    /// The file with the chain in PEM, leaf first; where the user has it.
    pub chain: Foreign,
    /// The file with the key in PEM; it may be the same.
    pub key: Foreign,
    /// What names them, `smtpd_tls_cert_file`.
    pub place: Foreign,
    /// The name by which others know the host; `None`: it is not known, or does not matter.
    pub host: Option<Foreign>,
}

/// One setting that is not the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// How much it can matter.
    pub kind: OverrideKind,
    /// `queue_directory = /var/spool/postfix (was /data/spool)`.
    pub text: Foreign,
}

/// How much an override can matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideKind {
    /// It could.
    Matters,
    /// Times, counts, directories, users, logging.
    Times,
}

/// One policy entry or route of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A whole domain, or with a leading dot all below it, as the configuration has it.
    pub domain: Foreign,
    /// What its mail gets by this entry; `null`: no connector of ours is that.
    pub connector: Option<Connector>,
    /// `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; `null`: where the MX records say.
    pub hop: Option<Foreign>,
    /// Where it stands, `tls_policy:3`.
    pub place: Foreign,
    /// What the product calls it, `secure match=.partner.example`.
    pub level: Foreign,
}

/// One listener of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens in the user's network.
    pub port: u16,
    /// What it promises by its own settings; `None`: no connector of ours is that, or it offers no TLS.
    pub connector: Option<Connector>,
    /// Where it stands, `master.cf:12`.
    pub place: Foreign,
    /// What the product calls it, `submission/inet smtpd_tls_security_level=encrypt`.
    pub level: Foreign,
}

impl Told {
    /// Reads what the command printed. A line of no known word is an override that could matter.
    /// Text is kept as long as fits into a sentence, and of each kind [`limits::TOLD`] lines; a
    /// warning says how many there were beyond.
    ///
    /// # Errors
    /// A sentence with the line: an entry or a listener that is none.
    pub fn parse(output: &[u8]) -> Result<Self, String> {
        let (mut told, mut beyond) = (Self::default(), 0_usize);
        for line in Foreign::of_bytes(output).lines().filter(|line| !line.is_empty()) {
            let (word, text) = line.raw().split_once('\t').unwrap_or(("set", line.raw()));
            let short = |text: &str| Foreign::from(text).short();
            let kind = match word {
                "finding" => {
                    keep(&mut told.findings, short(text), &mut beyond);
                    continue;
                }
                "warning" => {
                    keep(&mut told.warnings, short(text), &mut beyond);
                    continue;
                }
                "entry" => {
                    let entry = Entry::parse(text).ok_or_else(|| not_an_entry(&line))?;
                    keep(&mut told.entries, entry, &mut beyond);
                    continue;
                }
                "shows" => {
                    let shown = Shown::parse(text).ok_or_else(|| not_shown(&line))?;
                    keep(&mut told.shown, shown, &mut beyond);
                    continue;
                }
                "listener" => {
                    let found = Listener::parse(text).ok_or_else(|| not_a_listener(&line))?;
                    keep(&mut told.listeners, found, &mut beyond);
                    continue;
                }
                "time" => OverrideKind::Times,
                _ => OverrideKind::Matters,
            };
            let text = if matches!(word, "set" | "time") { short(text) } else { line.short() };
            keep(&mut told.overrides, Override { kind, text }, &mut beyond);
        }
        if beyond > 0 {
            let most = limits::TOLD;
            let text =
                format!("the driver told more than {most} things of a kind; {beyond} are left out");
            told.warnings.push(text.into());
        }
        Ok(told)
    }

    /// Overrides of this kind.
    pub fn overrides(&self, kind: OverrideKind) -> impl Iterator<Item = &Foreign> {
        self.overrides.iter().filter(move |set| set.kind == kind).map(|set| &set.text)
    }
}

/// Keeps one thing of a kind, or counts it where there are too many.
fn keep<T>(kind: &mut Vec<T>, one: T, beyond: &mut usize) {
    match kind.len() {
        0..limits::TOLD => kind.push(one),
        _ => *beyond += 1,
    }
}

impl Entry {
    /// Five fields; `-` stands for a connector or a hop that there is none of.
    fn parse(fields: &str) -> Option<Self> {
        let mut fields = fields.splitn(5, '\t');
        let mut next = || fields.next().map(|field| Foreign::from(field).short());
        let (domain, connector, hop, place, level) = (next()?, next()?, next()?, next()?, next()?);
        let connector = match connector.raw() {
            "-" => None,
            name => Some(Connector::from_name(name)?),
        };
        let hop = (hop != "-").then_some(hop);
        (!domain.is_empty()).then_some(Self { domain, connector, hop, place, level })
    }
}

impl Shown {
    /// Five fields; `-` stands for a host that there is none of.
    fn parse(fields: &str) -> Option<Self> {
        let fields: Vec<_> = fields.splitn(5, '\t').map(Foreign::from).collect();
        let [direction, chain, key, place, host] = fields.as_slice() else { return None };
        let direction = match direction.raw() {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => return None,
        };
        let host = (host.raw() != "-").then(|| host.short());
        Some(Self { direction, chain: chain.clone(), key: key.clone(), place: place.short(), host })
    }
}

fn not_shown(line: &Foreign) -> String {
    format!(
        "it printed `{}`, which names no certificate: inbound or outbound, CHAIN, KEY, WHERE and HOST, \
         with tabs between",
        line.short()
    )
}

impl Listener {
    /// Four fields; `-` stands for a connector that there is none of.
    fn parse(fields: &str) -> Option<Self> {
        let mut fields = fields.splitn(4, '\t');
        let mut next = || fields.next().map(|field| Foreign::from(field).short());
        let (port, connector, place, level) = (next()?, next()?, next()?, next()?);
        let connector = match connector.raw() {
            "-" => None,
            name => Some(Connector::from_name(name).filter(|one| one.exists(Direction::Inbound))?),
        };
        let port = port.raw().parse().ok().filter(|port| *port > 0)?;
        Some(Self { port, connector, place, level })
    }
}

fn not_a_listener(line: &Foreign) -> String {
    format!(
        "it printed `{}`, which is no listener: PORT, CONNECTOR, WHERE and LEVEL, with tabs between",
        line.short()
    )
}

fn not_an_entry(line: &Foreign) -> String {
    format!(
        "it printed `{}`, which is no entry: DOMAIN, CONNECTOR, HOP, WHERE and LEVEL, with tabs between",
        line.short()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(of: impl IntoIterator<Item = &'a Foreign>) -> Vec<&'a str> {
        of.into_iter().map(Foreign::raw).collect()
    }

    #[test]
    fn each_line_is_of_its_kind_and_one_without_a_word_could_matter() {
        let told = Told::parse(
            b"set\ta = 1\nb = 2\ntime\tc = 3\n\nfinding\tstale\nwarning\tsender\nd\te\n",
        );
        let told = told.unwrap();
        assert_eq!(texts(told.overrides(OverrideKind::Matters)), ["a = 1", "b = 2", "d\te"]);
        assert_eq!(texts(told.overrides(OverrideKind::Times)), ["c = 3"]);
        assert_eq!((texts(&told.findings), texts(&told.warnings)), (vec!["stale"], vec!["sender"]));
    }

    #[test]
    fn an_entry_has_five_fields_and_what_is_no_entry_is_told() {
        let told = Told::parse(
            b"entry\t.a.example\tencryption-only\t-\ttls_policy:3\tencrypt\n\
              entry\tb.example\t-\t[192.0.2.1]:465\ttransport:1\tfingerprint match=a\tb\n",
        );
        let entries = told.unwrap().entries;
        assert_eq!(entries[0].connector, Some(Connector::EncryptionOnly));
        assert_eq!((entries[0].hop.as_ref(), entries[0].place.raw()), (None, "tls_policy:3"));
        assert_eq!(entries[1].connector, None);
        assert_eq!(texts(&entries[1].hop), ["[192.0.2.1]:465"]);
        assert_eq!(entries[1].level.raw(), "fingerprint match=a\tb");
        for wrong in
            ["entry\ta.example\tdane", "entry\ta\tencrypt\t-\tx:1\ty", "entry\t\t-\t-\tx\ty"]
        {
            let error = Told::parse(wrong.as_bytes()).unwrap_err();
            assert!(error.contains("which is no entry"), "{error}");
        }
    }

    #[test]
    fn a_certificate_has_five_fields_and_what_is_none_is_told() {
        let line = b"shows\tinbound\t/a/chain.pem\t/a/key.pem\tsmtpd_tls_cert_file\tmx.example\n\
                     shows\toutbound\t/b.pem\t/b.pem\tsmtp_tls_chain_files\t-\n";
        let shown = Told::parse(line).unwrap().shown;
        assert_eq!((shown[0].direction, shown[0].key.raw()), (Direction::Inbound, "/a/key.pem"));
        assert_eq!(shown[0].host.as_ref().map(Foreign::raw), Some("mx.example"));
        assert_eq!((shown[1].direction, &shown[1].host), (Direction::Outbound, &None));
        for wrong in ["shows\tinbound\t/a", "shows\tboth\t/a\t/b\tx\t-"] {
            let error = Told::parse(wrong.as_bytes()).unwrap_err();
            assert!(error.contains("names no certificate"), "{error}");
        }
    }

    #[test]
    fn a_listener_has_four_fields_and_what_is_no_listener_is_told() {
        let told = Told::parse(
            b"listener\t587\tencryption-only\tmaster.cf:12\tsubmission/inet encrypt\n\
              listener\t25\t-\tmaster.cf:3\tsmtp/inet\tnone\n",
        );
        let listeners = told.unwrap().listeners;
        assert_eq!((listeners[0].port, listeners[1].port), (587, 25));
        assert_eq!(listeners[0].connector, Some(Connector::EncryptionOnly));
        assert_eq!((listeners[1].connector, listeners[1].level.raw()), (None, "smtp/inet\tnone"));
        for wrong in ["25\tmutual\tx:1", "smtp\tmutual\tx:1\ty", "0\t-\tx:1\ty", "25\tdane\tx:1\ty"]
        {
            let error = Told::parse(format!("listener\t{wrong}").as_bytes()).unwrap_err();
            assert!(error.contains("which is no listener"), "{error}");
        }
    }

    #[test]
    fn what_is_hostile_is_bounded_and_harmless() {
        let long = "x".repeat(3 * limits::QUOTED);
        let many = "finding\ta\n".repeat(limits::TOLD + 7);
        let told = Told::parse(
            format!("finding\t\u{1b}[31m::error::\n{many}set\t{long}\nset\t\r\n").as_bytes(),
        );
        let told = told.unwrap();
        assert_eq!(told.findings[0].to_string(), r"\u{1b}[31m::error::");
        assert_eq!(told.findings.len(), limits::TOLD);
        assert!(told.warnings[0].raw().contains("8 are left out"), "{:?}", told.warnings);
        assert!(told.overrides[0].text.raw().len() < long.len());
        assert!(!Told::parse(b"set\t\xff\xfe").unwrap().overrides[0].text.is_empty());
    }
}
