//! Where a relay finds a next hop: its name, its addresses, its place among the MX records.

use super::Checker;
use crate::raw::{self, Placed};
use crate::script::Direction;
use crate::words::words;

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

words! {
    /// The kind of an address.
    pub enum Family or Ipv4 {
        /// An A record.
        Ipv4 = "ipv4",
        /// An AAAA record.
        Ipv6 = "ipv6",
    }
}

words! {
    /// What the name of a next hop is.
    pub enum HostPlace or Below {
        /// A name below the recipient's domain.
        Below = "below",
        /// The recipient's domain itself: it has an address and no MX record (RFC 5321 section 5.1, the
        /// implicit MX).
        Domain = "domain",
        /// A name in a domain that is not the recipient's and falls under no rule.
        Outside = "outside",
    }
}

words! {
    /// The kind of an address where nobody listens.
    pub enum DeadAddress {
        /// A loopback address: the connection is refused.
        Ipv4 = "ipv4",
        /// An address of the documentation prefix 2001:db8::/32 (RFC 3849): no route leads there.
        Ipv6 = "ipv6",
    }
}

words! {
    /// Which name is an alias (CNAME, RFC 1034 section 3.6.2) of another one.
    pub enum Alias {
        /// The recipient's domain, of a domain under the opportunistic rule.
        Domain = "domain",
        /// The host that each MX record names, of the host that has the address.
        Host = "host",
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
                .and_then(|word| self.one_of("place of a host", word))
                .unwrap_or_default(),
            dead: raw.dead.as_ref().and_then(|word| self.one_of("kind of address", word)),
            family: raw
                .address
                .as_ref()
                .and_then(|word| self.one_of("kind of address", word))
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
