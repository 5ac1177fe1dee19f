//! Groups of connectors: what a scenario names where a claim holds for all connectors of a kind.

use super::Connector;
use crate::script::Direction;

impl Connector {
    /// Groups of connectors, by the name that scenarios have for them: what holds for a group is played
    /// under each of its connectors, and a new one is added here and in no scenario.
    pub const GROUPS: [(&'static str, Direction, &'static [Self]); 6] = [
        // All that demand TLS by a rule of the relay's own.
        (
            "forced",
            Direction::Outbound,
            &[
                Self::EncryptionOnly,
                Self::CertificateValidation,
                Self::DomainValidation,
                Self::Mutual,
            ],
        ),
        // Those whose only demand is that the chain leads to a trusted root, or that and the name.
        ("validating", Direction::Outbound, &[Self::CertificateValidation, Self::DomainValidation]),
        (
            "all-outbound",
            Direction::Outbound,
            &[
                Self::Opportunistic,
                Self::EncryptionOnly,
                Self::CertificateValidation,
                Self::DomainValidation,
                Self::Mutual,
            ],
        ),
        // Listeners with STARTTLS that demand it of everybody.
        ("forced", Direction::Inbound, &[Self::EncryptionOnly, Self::Mutual]),
        // Rules of a whole listener; that of the partner binds some of its senders.
        (
            "listeners",
            Direction::Inbound,
            &[Self::Opportunistic, Self::EncryptionOnly, Self::Mutual, Self::Implicit],
        ),
        (
            "all-inbound",
            Direction::Inbound,
            &[
                Self::Opportunistic,
                Self::EncryptionOnly,
                Self::Mutual,
                Self::Implicit,
                Self::Partner,
            ],
        ),
    ];

    /// The connectors of a group of this direction.
    pub fn group(name: &str, direction: Direction) -> Option<&'static [Self]> {
        let found = Self::GROUPS.iter().find(|(group, of, _)| *group == name && *of == direction);
        found.map(|(_, _, connectors)| *connectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_holds_connectors_of_its_direction_and_no_group_is_called_like_one() {
        for (name, direction, connectors) in Connector::GROUPS {
            assert!(connectors.iter().all(|one| one.exists(direction)), "{name} {direction}");
            assert_eq!(Connector::from_name(name), None);
            let forced = connectors.iter().all(|one| one.forces_tls());
            assert!(name != "forced" || forced, "{direction}");
        }
    }
}
