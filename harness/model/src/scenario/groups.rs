//! Groups of connectors: what a scenario names where a claim holds for all connectors of a kind.

use super::Connector;
use crate::script::Direction;
use crate::words::words;

words! {
    /// A group of connectors: what holds for a group is played under each of them, and a new connector is
    /// added here and in no scenario.
    pub enum ConnectorGroup [
        /// The outbound ones; none: there is no such group of them.
        outbound: &'static [Connector],
        /// The inbound ones; none: there is no such group of them.
        inbound: &'static [Connector],
    ] {
        /// All that demand TLS: outbound by a rule of the relay's own, inbound of everybody, by STARTTLS.
        Forced = "forced" {
            outbound: &[
                Connector::EncryptionOnly,
                Connector::CertificateValidation,
                Connector::DomainValidation,
                Connector::Mutual,
            ],
            inbound: &[Connector::EncryptionOnly, Connector::Mutual],
        },
        /// Those whose only demand is that the chain leads to a trusted root, or that and the name.
        Validating = "validating" only Outbound {
            outbound: &[Connector::CertificateValidation, Connector::DomainValidation],
            inbound: &[],
        },
        /// All that need no policy which the domain publishes.
        AllOutbound = "all-outbound" only Outbound {
            outbound: &[
                Connector::Opportunistic,
                Connector::EncryptionOnly,
                Connector::CertificateValidation,
                Connector::DomainValidation,
                Connector::Mutual,
            ],
            inbound: &[],
        },
        /// Rules of a whole listener; that of the partner binds some of its senders.
        Listeners = "listeners" only Inbound {
            outbound: &[],
            inbound: &[
                Connector::Opportunistic,
                Connector::EncryptionOnly,
                Connector::Mutual,
                Connector::Implicit,
            ],
        },
        /// All connectors of listeners and senders.
        AllInbound = "all-inbound" only Inbound {
            outbound: &[],
            inbound: &[
                Connector::Opportunistic,
                Connector::EncryptionOnly,
                Connector::Mutual,
                Connector::Implicit,
                Connector::Partner,
            ],
        },
    }
}

impl ConnectorGroup {
    /// Its connectors of this direction.
    pub fn connectors(self, direction: Direction) -> &'static [Connector] {
        match direction {
            Direction::Inbound => self.inbound(),
            Direction::Outbound => self.outbound(),
        }
    }
}

impl Connector {
    /// The connectors of a group of this direction.
    pub fn group(name: &str, direction: Direction) -> Option<&'static [Self]> {
        let group = ConnectorGroup::from_name(name).filter(|group| group.exists(direction));
        group.map(|group| group.connectors(direction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_holds_connectors_of_its_direction_and_no_group_is_called_like_one() {
        for group in ConnectorGroup::ALL {
            assert_eq!(Connector::from_name(group.name()), None);
            for direction in Direction::ALL {
                let connectors = group.connectors(direction);
                assert_eq!(connectors.is_empty(), !group.exists(direction), "{group} {direction}");
                assert!(connectors.iter().all(|one| one.exists(direction)), "{group} {direction}");
                let forced = connectors.iter().all(|one| one.forces_tls());
                assert!(group != ConnectorGroup::Forced || forced, "{direction}");
            }
        }
    }
}
