//! The listeners of a user's configuration: which of them are played, as which connector.

use waxseal_model::configuration::Listener;
use waxseal_model::listener::Heard;
use waxseal_model::scenario::Connector;

use super::Own;
use super::inbound::Inbound;

/// The inbound cases of an overview where the user selects none: the control, and one scenario of
/// each kind that a listener is graded by.
pub const HEARD: [&str; 13] = [
    "inbound/control",
    "inbound/starttls/offered",
    "inbound/starttls/session-implicit",
    "inbound/forced/plaintext-refused",
    "inbound/starttls/auth-in-plaintext",
    "inbound/starttls/auth-taken-in-plaintext",
    "inbound/versions/old-only",
    "inbound/forward-secrecy/static-rsa-only",
    "inbound/forward-secrecy/anonymous-only",
    "inbound/forward-secrecy/dhe",
    "inbound/injection/same-segment",
    "inbound/injection/two-commands",
    "inbound/mutual/refused",
];

impl Own {
    /// The same with these listeners under test, each by its own settings: one for each connector, of
    /// which the relay has those that `declares` says. Where none of them takes mail for the lab, the
    /// driver chooses an entrance, which is not under test.
    #[must_use]
    pub fn with_listeners(
        self,
        listeners: Vec<Listener>,
        declares: &dyn Fn(Connector) -> bool,
    ) -> Self {
        let mut inbound: Vec<Inbound> = Vec::new();
        let heard = listeners.into_iter().map(|listener| {
            let left_out = match listener.connector {
                None => Some(format!(
                    "It offers no TLS; `--inbound {}=opportunistic` plays it as if it did.",
                    listener.port
                )),
                Some(connector) if !declares(connector) => {
                    Some(format!("The driver cannot play {connector} inbound."))
                }
                Some(connector) => {
                    let earlier = inbound.iter().find(|one| one.connector == connector);
                    let left_out = earlier.map(|earlier| same(*earlier, &listener));
                    if left_out.is_none() {
                        inbound.push(Inbound { connector, port: Some(listener.port) });
                    }
                    left_out
                }
            };
            Heard { listener, left_out }
        });
        let heard = heard.collect();
        self.hearing(inbound, heard)
    }

    /// The same with those of these listeners listed that the user has named by port or by connector,
    /// as far as they are `wanted`.
    #[must_use]
    pub fn with_named(self, listeners: &[Listener], wanted: &dyn Fn(&Inbound) -> bool) -> Self {
        let named = self.inbound.iter().filter(|one| wanted(one)).filter_map(|one| {
            let fits = |listener: &&Listener| match one.port {
                Some(port) => listener.port == port,
                None => listener.connector == Some(one.connector),
            };
            let listener = listeners.iter().find(fits)?.clone();
            // The user says what it promises.
            Some(Heard {
                listener: Listener { connector: Some(one.connector), ..listener },
                left_out: None,
            })
        });
        let heard = named.collect();
        Self { heard, ..self }
    }

    fn hearing(self, inbound: Vec<Inbound>, heard: Vec<Heard>) -> Self {
        let open = inbound.iter().any(|one| one.is_entrance());
        let entrance = (!open).then_some(Inbound::any(Connector::Opportunistic));
        Self { inbound, heard, entrance, ..self }
    }

    /// Every listener that the relay has to have.
    pub(super) fn listeners(&self) -> impl Iterator<Item = Inbound> {
        self.inbound.iter().copied().chain(self.entrance)
    }

    /// The port of the user's listener that is played as this connector, where one is meant.
    pub(super) fn port_of(&self, connector: Connector) -> Option<u16> {
        self.listeners().find(|one| one.connector == connector)?.port
    }

    /// The listener at which messages that go out are submitted.
    pub fn submitted_at(&self) -> Option<Inbound> {
        let at = |wanted| self.listeners().find(|one| one.connector == wanted);
        at(Connector::Opportunistic).or_else(|| at(Connector::EncryptionOnly))
    }
}

/// Why a listener is not played beside another of the same connector.
fn same(earlier: Inbound, listener: &Listener) -> String {
    let Inbound { connector, port } = earlier;
    let played = port.map_or_else(|| "another".to_owned(), |port| format!("port {port}"));
    format!(
        "One listener of each connector is played, and {connector} is {played}; \
         `--inbound {}={connector}` plays this one.",
        listener.port
    )
}

#[cfg(test)]
mod tests {
    use waxseal_model::configuration::Told;
    use waxseal_model::script::Direction;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::run::RunOptions;

    fn own(inbound: &[&str]) -> Own {
        Own {
            config: "/etc/x".into(),
            settings: Vec::new(),
            rules: Vec::new(),
            inbound: inbound.iter().map(|one| one.parse().unwrap()).collect(),
            entrance: None,
            heard: Vec::new(),
            sender: None,
            environment: Vec::new(),
            overview: Vec::new(),
        }
    }

    fn listeners(text: &str) -> Vec<Listener> {
        Told::parse(text.as_bytes()).unwrap().listeners
    }

    const LISTED: &str = "\
listener\t25\topportunistic\tmaster.cf:1\tsmtp
listener\t587\tencryption-only\tmaster.cf:2\tsubmission
listener\t2525\topportunistic\tmaster.cf:3\t2525
listener\t26\t-\tmaster.cf:4\t26
listener\t465\timplicit\tmaster.cf:5\tsmtps
";

    #[test]
    fn one_listener_of_each_connector_is_played_and_the_others_say_how() {
        let own = own(&["opportunistic"])
            .with_listeners(listeners(LISTED), &|one| one != Connector::Implicit);
        let played: Vec<_> = own.inbound.iter().map(ToString::to_string).collect();
        assert_eq!(played, ["25=opportunistic", "587=encryption-only"]);
        assert_eq!(own.entrance, None);
        assert_eq!(own.port_of(Connector::EncryptionOnly), Some(587));
        let why: Vec<_> = own.heard.iter().filter_map(|heard| heard.left_out.as_deref()).collect();
        let expected = [
            "One listener of each connector is played, and opportunistic is port 25; `--inbound \
             2525=opportunistic` plays this one.",
            "It offers no TLS; `--inbound 26=opportunistic` plays it as if it did.",
            "The driver cannot play implicit inbound.",
        ];
        assert_eq!(why, expected);
        assert_eq!(own.heard.len(), 5);
    }

    #[test]
    fn where_no_listener_takes_mail_for_the_lab_there_is_an_entrance_that_is_not_tested() {
        let own = own(&["opportunistic"])
            .with_listeners(listeners("listener\t465\timplicit\tx:1\ty\n"), &|_| true);
        assert_eq!(own.entrance, Some(Inbound::any(Connector::Opportunistic)));
        assert_eq!(own.submitted_at(), own.entrance);
        assert!(!own.tests(Direction::Inbound, Connector::Opportunistic));
        assert!(own.tests(Direction::Inbound, Connector::Implicit));
    }

    #[test]
    fn whom_the_user_names_is_listed_as_what_the_user_says() {
        let named = own(&["2525=encryption-only", "implicit", "4000=mutual"]);
        let named = named.with_named(&listeners(LISTED), &|_| true);
        let heard: Vec<_> = named
            .heard
            .iter()
            .map(|heard| (heard.listener.port, heard.listener.connector))
            .collect();
        let expected = [(2525, Some(Connector::EncryptionOnly)), (465, Some(Connector::Implicit))];
        assert_eq!(heard, expected);
        assert_eq!(named.submitted_at().unwrap().to_string(), "2525=encryption-only");
    }

    #[test]
    fn the_selection_holds_what_every_listener_is_graded_by() {
        let whole = Catalogue::embedded().unwrap();
        let cases = HEARD.map(str::to_owned).to_vec();
        let options = RunOptions { cases, ..RunOptions::default() };
        let selected = super::super::plan::select(&whole, &options).unwrap();
        let has = |connector: Connector, file: &str| {
            selected.iter().any(|case| case.connector == connector && case.file() == file)
        };
        use Connector::{EncryptionOnly, Implicit, Mutual, Opportunistic};
        for connector in [Opportunistic, EncryptionOnly, Mutual, Implicit] {
            assert!(has(connector, "inbound/control"), "{connector}");
            assert!(has(connector, "inbound/versions/old-only"), "{connector}");
        }
        for file in waxseal_model::listener::PASSWORD {
            assert!(has(Opportunistic, file) && has(EncryptionOnly, file), "{file}");
        }
        for file in waxseal_model::listener::REFUSING {
            assert!(whole.cases().any(|case| case.file() == file), "{file}");
        }
        assert!(has(EncryptionOnly, "inbound/forced/plaintext-refused"));
        assert!(has(Mutual, "inbound/forced/plaintext-refused"));
        let [offered, session] = waxseal_model::listener::OFFERED;
        assert!(has(Opportunistic, offered) && has(Implicit, session));
    }
}
