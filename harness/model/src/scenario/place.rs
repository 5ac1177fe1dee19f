//! Where a relay finds a next hop: its name, its addresses, its place among the MX records.

use super::Checker;
use crate::raw::{self, Placed};
use crate::script::Direction;

/// Where a next hop is found. The default: the only address of a host below the recipient's domain,
/// at its place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerPlace {
    /// The preference of its MX record; `None`: 10 for the first host, 20 for the second, ….
    pub preference: Option<u16>,
    /// It is no host of its own: it answers at a further address of the host of this peer.
    pub address_of: Option<String>,
    /// What its name is.
    pub host: HostPlace,
    /// An address of the host where nobody listens, which stands before its own.
    pub dead: Option<DeadAddress>,
    /// Of which kind its own address is.
    pub family: Family,
}

/// The kind of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// An A record.
    #[default]
    Ipv4,
    /// An AAAA record.
    Ipv6,
}

impl Family {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 2] = [("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6)];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, family)| *family == self).map_or("", |(name, _)| name)
    }
}

/// What the name of a next hop is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostPlace {
    /// A name below the recipient's domain.
    #[default]
    Below,
    /// The recipient's domain itself: it has an address and no MX record (RFC 5321 section 5.1, the
    /// implicit MX).
    Domain,
    /// A name in a domain that is not the recipient's and falls under no rule.
    Outside,
}

impl HostPlace {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 3] =
        [("below", Self::Below), ("domain", Self::Domain), ("outside", Self::Outside)];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, place)| *place == self).map_or("", |(name, _)| name)
    }
}

/// The kind of an address where nobody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadAddress {
    /// A loopback address: the connection is refused.
    Ipv4,
    /// An address of the documentation prefix 2001:db8::/32 (RFC 3849): no route leads there.
    Ipv6,
}

impl DeadAddress {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 2] = [("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6)];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, dead)| *dead == self).map_or("", |(name, _)| name)
    }
}

/// Which name is an alias (CNAME, RFC 1034 section 3.6.2) of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// The recipient's domain, of a domain under the opportunistic rule.
    Domain,
    /// The host that each MX record names, of the host that has the address.
    Host,
}

impl Alias {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 2] = [("domain", Self::Domain), ("host", Self::Host)];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, alias)| *alias == self).map_or("", |(name, _)| name)
    }
}

impl Checker<'_> {
    /// Checks where a peer is found. `before` are the peers of the file before it.
    pub(super) fn place(
        &mut self,
        direction: Direction,
        name: &Placed<String>,
        raw: &raw::Peer,
        before: &[String],
    ) -> PeerPlace {
        if direction == Direction::Inbound {
            // Each of these keys is refused there as one of the other direction.
            return PeerPlace::default();
        }
        let keys = [&raw.address_of, &raw.host, &raw.dead, &raw.address];
        let named = keys.iter().find_map(|key| key.as_ref().map(Placed::span));
        let named = named.or(raw.preference.as_ref().map(Placed::span));
        let named = named.or(raw.names.as_ref().and_then(|list| Some(list.0.first()?.span())));
        if let (Some(word), []) = (&raw.address_of, before) {
            let help = Some("put the peer that is the host before it".into());
            self.error(word.span(), "there is no host before this one", help);
            return PeerPlace::default();
        }
        let place = PeerPlace {
            preference: raw.preference.as_ref().map(|number| *number.get_ref()),
            address_of: raw.address_of.as_ref().and_then(|word| {
                let known: Vec<_> =
                    before.iter().map(|name| (name.as_str(), name.clone())).collect();
                self.word("host before this one", word, &known)
            }),
            host: raw
                .host
                .as_ref()
                .and_then(|word| self.word("place of a host", word, &HostPlace::NAMES))
                .unwrap_or_default(),
            dead: raw
                .dead
                .as_ref()
                .and_then(|word| self.word("kind of address", word, &DeadAddress::NAMES)),
            family: raw
                .address
                .as_ref()
                .and_then(|word| self.word("kind of address", word, &Family::NAMES))
                .unwrap_or_default(),
        };
        let Some(span) = named else { return place };
        if name.get_ref() == "sender" && place != PeerPlace::default() {
            let help = Some("the sender's domain has one host with one address".into());
            self.error(span, "only next hops of the message have a place of their own", help);
        } else if place.address_of.is_some()
            && (place.preference.is_some() || place.host != HostPlace::Below)
        {
            let help = Some("name and preference are those of the host it belongs to".into());
            self.error(span, "a further address is no host of its own", help);
        } else if place.host == HostPlace::Domain && place.preference.is_some() {
            let help = Some("leave out `preference`".into());
            self.error(span, "the domain itself has no MX record", help);
        }
        place
    }
}
