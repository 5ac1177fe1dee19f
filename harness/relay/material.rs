//! The certificates and keys that the user's own configuration shows: whether they go together, hold, and
//! are kept from others. Only files are read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use waxseal_model::certificate::{ChainFacts, Problem};
use waxseal_model::configuration::{Shown, Told};
use waxseal_model::dated::day;
use waxseal_model::script::Direction;

use crate::catalogue::files;
use crate::tls::{describe_chain, key_belongs, read_certificates_pem};

/// Octets of a file with a certificate or a key.
const FILE: u64 = 1 << 20;
/// Who renews later than this before the end has no time for a mishap.
const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// Adds to what was told what is wrong with the certificates that it names: as findings what stops TLS or
/// gives the key away, as warnings what some partners refuse. What cannot be read is left to those
/// who look for it. `config` is what the user named; `roots` are those of this machine, in DER.
pub(super) fn look(told: &mut Told, config: &Path, roots: &[Vec<u8>], now: SystemTime) {
    for shown in std::mem::take(&mut told.shown) {
        let Seen { mut findings, warnings } = Seen::of(&shown, roots, now);
        let key = Path::new(shown.key.raw());
        // In a copy of a configuration modes say nothing.
        if !key.starts_with(config) || config.starts_with("/etc") {
            findings.extend(open_to_all(key));
        }
        let sentence = |text: String| format!("{}: {text}", shown.place.raw()).into();
        told.findings.extend(findings.into_iter().map(sentence));
        told.warnings.extend(warnings.into_iter().map(sentence));
    }
}

/// What is wrong with one of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    findings: Vec<String>,
    warnings: Vec<String>,
}

impl Seen {
    fn of(shown: &Shown, roots: &[Vec<u8>], now: SystemTime) -> Self {
        let mut seen = Self::default();
        let (at, key) = (Path::new(shown.chain.raw()), Path::new(shown.key.raw()));
        let Ok(pem) = files::bytes(at, FILE) else { return seen };
        let chain = match read_certificates_pem(&pem) {
            Ok(chain) => chain,
            Err(why) => {
                seen.findings
                    .push(format!("{} holds no chain that can be read: {why}", shown.chain));
                return seen;
            }
        };
        if let Ok(pem) = files::bytes(key, FILE)
            && key_belongs(&chain[0], &pem) == Some(false)
        {
            let (key, chain) = (&shown.key, &shown.chain);
            seen.findings
                .push(format!("the key in {key} does not belong to the certificate in {chain}"));
        }
        let host = shown.host.as_ref().map(|host| host.raw());
        let facts = describe_chain(&chain, roots, host, now);
        facts.problems.iter().for_each(|problem| seen.judge(*problem, &facts, shown));
        seen.ends_soon(&facts, shown, now);
        seen
    }

    fn judge(&mut self, problem: Problem, facts: &ChainFacts, shown: &Shown) {
        let chain = &shown.chain;
        let issuer = facts.certificates.last().map(|last| last.issuer.short().to_string());
        let issuer = issuer.unwrap_or_default();
        let refused = "partners that check certificates refuse it";
        match problem {
            Problem::Expired => {
                let over = facts.certificates.iter().min_by_key(|one| one.not_after);
                let (day, subject) = over
                    .map(|one| (day(one.not_after), one.subject.short().to_string()))
                    .unwrap_or_default();
                self.findings.push(format!("{chain}: {subject} expired on {day}"));
            }
            Problem::NotYetValid => {
                self.findings.push(format!("a certificate in {chain} is not yet valid"));
            }
            Problem::WrongOrder => self.findings.push(format!(
                "the certificates in {chain} are out of order: one does not certify the one before it"
            )),
            Problem::BadSignature => {
                self.findings.push(format!("a signature in {chain} is wrong"));
            }
            Problem::WeakKey => self.warnings.push(format!("{chain} has a key that is too short")),
            Problem::WeakSignature => {
                self.warnings.push(format!("{chain} is signed with MD5 or SHA-1"));
            }
            Problem::SelfSigned => {
                self.warnings.push(format!("the certificate in {chain} is signed by itself, so {refused}"));
            }
            Problem::Incomplete => self.warnings.push(format!(
                "the chain in {chain} ends below `{issuer}`, which is no root of this machine: where that is \
                 an intermediate it is missing, and {refused}"
            )),
            Problem::UnknownIssuer => self.warnings.push(format!(
                "the chain in {chain} ends at `{issuer}`, which is no root of this machine"
            )),
            Problem::WrongName => {
                let host = shown.host.as_ref().map(ToString::to_string).unwrap_or_default();
                self.warnings.push(format!(
                    "the certificate in {chain} is not for {host}, by which name the relay calls itself; \
                     where the MX record has that name, {refused}"
                ));
            }
            // What a client shows need not be for servers.
            Problem::WrongUsage if shown.direction == Direction::Outbound => {}
            Problem::WrongUsage => {
                self.findings.push(format!("the certificate in {chain} is not for servers"));
            }
            Problem::NoCertificate | Problem::Unreadable | Problem::NotGood => {
                self.warnings.push(format!("{chain}: {}", problem.sentence()));
            }
        }
    }

    fn ends_soon(&mut self, facts: &ChainFacts, shown: &Shown, now: SystemTime) {
        let first = facts.certificates.iter().min_by_key(|one| one.not_after);
        let Some(first) = first else { return };
        let seconds = |time: SystemTime| {
            i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
                .unwrap_or(i64::MAX)
        };
        if (seconds(now)..seconds(now + SOON)).contains(&first.not_after) {
            let (chain, day) = (&shown.chain, day(first.not_after));
            self.warnings.push(format!("{chain}: {} expires on {day}", first.subject.short()));
        }
    }
}

/// Says that all users of this machine can read or change a file.
fn open_to_all(key: &Path) -> Option<String> {
    let mode = std::fs::metadata(key).ok()?.mode() & 0o777;
    let what = match (mode & 0o002 != 0, mode & 0o004 != 0) {
        (true, _) => "change",
        (_, true) => "read",
        _ => return None,
    };
    let key = key.display();
    Some(format!("every user of this machine can {what} the key in {key} (mode {mode:04o})"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use waxseal_certs::{Authorities, Recipe};

    use super::*;

    const HOST: &str = "mx.example";

    struct Files {
        folder: tempfile::TempDir,
        authorities: Authorities,
        now: SystemTime,
    }

    impl Files {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let now = SystemTime::now();
            Self { folder, authorities: Authorities::new(now).unwrap(), now }
        }

        /// A certificate by a recipe, with the key of another one if `foreign`.
        fn shown(&self, recipe: &str, foreign: bool) -> Shown {
            let issue = |recipe: &str| {
                let recipe: Recipe = toml::from_str(&format!("about = 'x'\n{recipe}")).unwrap();
                self.authorities.issue(&recipe, HOST).unwrap()
            };
            let issued = issue(recipe);
            let key = if foreign { issue("key = 'p-384'").key_pem() } else { issued.key_pem() };
            let at = |name: &str| self.folder.path().join(name);
            std::fs::write(at("chain"), issued.chain_pem()).unwrap();
            std::fs::write(at("key"), key).unwrap();
            let name = |name: &str| at(name).to_string_lossy().as_ref().into();
            Shown {
                direction: Direction::Inbound,
                chain: name("chain"),
                key: name("key"),
                place: "certificate_file".into(),
                host: Some(HOST.into()),
            }
        }

        /// What is seen of it, so many days from now.
        fn seen(&self, recipe: &str, foreign: bool, roots: bool, later: u64) -> Seen {
            let roots = if roots { self.authorities.trust_anchors() } else { Vec::new() };
            let now = self.now + Duration::from_secs(later * 24 * 3600);
            Seen::of(&self.shown(recipe, foreign), &roots, now)
        }
    }

    #[test]
    fn what_is_right_is_not_spoken_of() {
        assert_eq!(Files::new().seen("", false, true, 0), Seen::default());
    }

    #[test]
    fn each_fault_is_a_sentence() {
        let files = Files::new();
        for (recipe, foreign, words) in [
            ("valid = 'expired'", false, "expired on"),
            ("valid = 'future'", false, "is not yet valid"),
            ("usage = 'client'", false, "is not for servers"),
            ("", true, "does not belong to the certificate"),
        ] {
            let seen = files.seen(recipe, foreign, true, 0);
            let [finding] = seen.findings.as_slice() else { panic!("{recipe}: {seen:?}") };
            assert!(finding.contains(words), "{finding}");
        }
    }

    #[test]
    fn what_some_partners_refuse_is_a_warning() {
        let files = Files::new();
        for (recipe, roots, words) in [
            ("omits-intermediate = true", true, "where that is an intermediate it is missing"),
            ("issuer = 'self'", true, "is signed by itself"),
            ("", false, "which is no root of this machine"),
            ("names = ['other.example']", true, "is not for mx.example"),
        ] {
            let seen = files.seen(recipe, false, roots, 0);
            assert!(seen.findings.is_empty(), "{recipe}: {seen:?}");
            assert!(seen.warnings.iter().any(|text| text.contains(words)), "{recipe}: {seen:?}");
        }
    }

    #[test]
    fn what_ends_within_a_month_is_a_warning() {
        let files = Files::new();
        let warned = |later: u64| {
            let seen = files.seen("", false, true, later);
            seen.warnings.iter().any(|text| text.contains("expires on"))
        };
        let days = (0..400).filter(|later| warned(*later)).count();
        assert_eq!(days, 30);
    }

    #[test]
    fn a_key_that_all_can_read_is_a_finding_unless_it_is_a_copy() {
        let files = Files::new();
        let shown = files.shown("", false);
        let findings = |mode: u32, config: &Path| {
            let mode = PermissionsExt::from_mode(mode);
            std::fs::set_permissions(shown.key.raw(), mode).unwrap();
            let mut told = Told { shown: vec![shown.clone()], ..Told::default() };
            look(&mut told, config, &files.authorities.trust_anchors(), SystemTime::now());
            told.findings.iter().map(|finding| finding.raw().to_owned()).collect::<Vec<_>>()
        };
        let etc = Path::new("/etc/relay");
        assert!(findings(0o640, etc).is_empty());
        assert!(findings(0o644, etc)[0].contains("every user of this machine can read the key"));
        assert!(findings(0o602, etc)[0].contains("can change the key"));
        assert!(findings(0o644, files.folder.path()).is_empty());
    }

    #[test]
    fn what_is_not_there_says_nothing() {
        let mut shown = Files::new().shown("", false);
        (shown.chain, shown.key) = ("/nowhere/chain".into(), "/nowhere/key".into());
        assert_eq!(Seen::of(&shown, &[], SystemTime::now()), Seen::default());
    }
}
