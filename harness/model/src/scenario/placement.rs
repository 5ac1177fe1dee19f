//! Where the mail of a case goes that is played with the user's own configuration.

use std::fmt;
use std::net::IpAddr;

use super::{Case, default_control};
use crate::expect::TlsExpect;

/// What is known of a domain of the user's own. It is not of a scenario: [`Case::placed`] adds it when
/// a run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The domain that the message goes to; with a leading dot, one below it.
    pub domain: String,
    /// The one host that all mail of this domain goes to. `None`: each case has hosts of its own,
    /// which the lab's MX records name.
    pub next_hop: Option<NextHop>,
    /// Who sends the message, where the user says so.
    pub sender: Option<SenderPlace>,
}

/// The user's own sender. Where there is one, all cases have it, and are played one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderPlace {
    /// The address.
    pub address: String,
    /// Whether the lab plays the host that takes its mail.
    pub played: bool,
}

/// A host that the user's own configuration names as the next hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// Its name; one of the lab's where the configuration has its address only.
    pub host: String,
    /// Where it listens; `None`: where every next hop of the lab does.
    pub port: Option<u16>,
    /// The address, where the configuration has that and no name.
    pub address: Option<IpAddr>,
}

/// The port of SMTP over implicit TLS (RFC 8314 section 3.3).
const IMPLICIT: u16 = 465;

impl NextHop {
    /// Whether TLS begins with the first octet there.
    pub fn is_implicit(&self) -> bool {
        self.port == Some(IMPLICIT)
    }
}

/// `gateway.example`, `gateway.example:587`, `[192.0.2.1]:465`.
impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "[{address}]")?,
            None => f.write_str(&self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Placement {
    /// The domain, if the rule is for that one alone and for none below it.
    pub fn whole_domain(&self) -> Option<&str> {
        Some(self.domain.as_str()).filter(|domain| !domain.starts_with('.'))
    }

    /// The id that a case has there: `outbound/control#opportunistic@partner.example`.
    fn id(&self, id: &str) -> String {
        format!("{id}@{}", self.domain)
    }
}

impl Case {
    /// The same case with mail to a domain of the user's own, paired with that domain's control.
    pub fn placed(&self, placement: Placement) -> Self {
        let mut expect = self.expect.clone();
        if let Some(TlsExpect::Facts(facts)) = &mut expect.tls {
            // The user's certificate has the user's name.
            facts.client_name = None;
        }
        Self {
            expect,
            id: placement.id(&self.id),
            control: Some(placement.id(&self.control_id())),
            placement: Some(placement),
            ..self.clone()
        }
    }

    /// The one host that all mail of the user's own domain goes to.
    pub fn next_hop(&self) -> Option<&NextHop> {
        self.placement.as_ref()?.next_hop.as_ref()
    }

    /// The domain of the user's own, if the rule is for that one alone.
    pub fn whole_domain(&self) -> Option<&str> {
        self.placement.as_ref()?.whole_domain()
    }

    /// The user's own sender of the message.
    pub fn own_sender(&self) -> Option<&SenderPlace> {
        self.placement.as_ref()?.sender.as_ref()
    }

    /// The name of the user's own that other cases use too: the sender, the one host that mail goes
    /// to, or a whole domain. Such cases cannot be played side by side.
    pub fn shared_name(&self) -> Option<&str> {
        let sender = self.own_sender().map(|sender| sender.address.as_str());
        let host = || self.next_hop().map(|hop| hop.host.as_str());
        sender.or_else(host).or_else(|| self.whole_domain())
    }

    /// The control of this case's connector, in the same domain.
    pub fn usual_control(&self) -> String {
        let control = default_control(self.direction, self.connector);
        match &self.placement {
            Some(placement) => placement.id(&control),
            None => control,
        }
    }

    /// The id as the scenario has it, without the user's own domain.
    pub fn plain_id(&self) -> &str {
        let placed = self.placement.as_ref().and_then(|at| self.id.strip_suffix(&*at.domain));
        placed.map_or(&self.id, |id| id.trim_end_matches('@'))
    }
}
