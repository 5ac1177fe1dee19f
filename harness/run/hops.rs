//! Puts up the next hops of a case: their names and addresses in the zones, their certificates, and
//! who listens where.

use std::net::{IpAddr, Ipv6Addr};

use tokio::task::JoinSet;
use waxseal_model::judge::Names;
use waxseal_model::offer::Offer;
use waxseal_model::scenario::{
    Alias, Also, AsksCertificate, Before, Case, Connector, DeadAddress, Family, Framing, HostPlace,
    NextHop, Peer, PeerPlace, Resumption,
};
use waxseal_model::script::Script;
use waxseal_model::wording::fill;

use super::RunError;
use super::lab::{Lab, PATIENCE, serve};
use super::options::PlayOptions;
use crate::lab::Data;
use crate::peer::{ReceiverPlan, Recorder};
use crate::tls::{AskClient, ServerSetup, Tickets};

/// Octets of early data that a next hop allows, where it allows any. That it is offered is what counts.
const EARLY_DATA: u32 = 16_384;

/// A domain under no rule, below which next hops outside the recipient's domain lie.
pub(super) const OUTSIDE: &str = "hosts.test";

/// Where nobody listens and no route leads (RFC 3849).
const NOWHERE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// One host of a case.
pub(super) struct Host {
    /// The peer's name in the scenario.
    peer: String,
    /// The name that MX records say; the domain itself where it has none.
    pub(super) name: String,
    /// The name that has the addresses.
    owner: String,
    /// The preference of its MX record; `None`: it has none.
    pub(super) preference: Option<u16>,
    /// Its first address.
    pub(super) address: IpAddr,
}

/// The next hops of a case.
pub(super) struct Hops<'a> {
    lab: &'a Lab,
    case: &'a Case,
    names: &'a Names,
    options: &'a PlayOptions,
    /// In the order of the file.
    pub(super) hosts: Vec<Host>,
    /// Who serves them, and goes on when the case is over.
    pub(super) serving: &'a mut JoinSet<()>,
}

impl<'a> Hops<'a> {
    /// None yet.
    pub(super) fn new(
        lab: &'a Lab,
        case: &'a Case,
        names: &'a Names,
        options: &'a PlayOptions,
        serving: &'a mut JoinSet<()>,
    ) -> Self {
        Self { lab, case, names, options, hosts: Vec::new(), serving }
    }

    /// Puts one peer up; its events go to `recorder`.
    pub(super) async fn put_up(
        &mut self,
        peer: &Peer,
        recorder: &Recorder,
    ) -> Result<(), RunError> {
        let (lab, place) = (self.lab, &peer.place);
        // A message to an address goes to that of the first next hop.
        let literal = self.names.get("address").filter(|_| self.hosts.is_empty());
        let literal = literal.and_then(|address| address.parse().ok());
        let address = match self.case.next_hop().and_then(|hop| hop.address).or(literal) {
            Some(address) => address,
            None => lab.address_of(place.family)?,
        };
        let of = place.address_of.as_ref();
        let name = match self.hosts.iter().find(|host| Some(&host.peer) == of) {
            Some(host) => {
                lab.zones.add(&host.owner, record(address))?;
                host.name.clone()
            }
            None => self.put_up_host(peer, address, recorder)?,
        };
        let owner = self.hosts.iter().find(|host| host.name == name);
        let owner = owner.map_or_else(|| name.clone(), |host| host.owner.clone());
        let mut names = host_names(self.names, &name, &owner, address);
        if let Some(renamed) = renamed(self.case, self.names) {
            names.insert("renamed".into(), renamed.1);
        }
        let mut plan = receiver(lab, peer, &names, self.options)?;
        plan.implicit = self.case.next_hop().is_some_and(NextHop::is_implicit);
        let port = self.case.next_hop().and_then(|hop| hop.port);
        let listener = lab.listen(address, port).await?;
        self.serving.spawn(serve(listener, plan, recorder.clone()));
        Ok(())
    }

    /// The records of a host of its own; gives its name.
    fn put_up_host(
        &mut self,
        peer: &Peer,
        address: IpAddr,
        recorder: &Recorder,
    ) -> Result<String, RunError> {
        let (lab, domain, label) = (self.lab, &self.names["domain"], label(self.names));
        let hosts = hosts_of(self.case, self.names);
        let name = match (self.case.next_hop(), peer.place.host) {
            (Some(hop), _) => hop.host.clone(),
            (None, HostPlace::Below) => format!("{}.{hosts}", peer.name),
            (None, HostPlace::Domain) => domain.clone(),
            (None, HostPlace::Outside) => format!("{}.{label}.{OUTSIDE}", peer.name),
        };
        // A host of the user's need not lie below the domain.
        lab.own(&name, recorder);
        let owner = match self.case.alias {
            Some(Alias::Host) => {
                let owner = format!("{}.{label}.alias.test", peer.name);
                lab.own(&owner, recorder);
                lab.zones.replace(&name, vec![Data::Cname(owner.clone())])?;
                owner
            }
            _ => name.clone(),
        };
        let dead = match peer.place.dead {
            Some(DeadAddress::Ipv4) => Some(Data::A(lab.case_address()?)),
            Some(DeadAddress::Ipv6) => Some(Data::Aaaa(NOWHERE)),
            None => None,
        };
        let records = dead.into_iter().chain([record(address)]).collect();
        lab.zones.replace(&owner, records)?;
        let usual = u16::try_from(10 * (self.hosts.len() + 1)).unwrap_or(u16::MAX);
        let preference = match peer.place.host {
            HostPlace::Domain if self.case.next_hop().is_none() => None,
            _ => Some(peer.place.preference.unwrap_or(usual)),
        };
        let host = Host { peer: peer.name.clone(), name: name.clone(), owner, preference, address };
        self.hosts.push(host);
        if let Some(preference) = preference {
            let host = name.clone();
            lab.zones.add(&self.mail_domain(), Data::Mx { preference, host })?;
        }
        Ok(name)
    }

    /// The domain that has the MX records: the recipient's, or what it is an alias of.
    fn mail_domain(&self) -> String {
        match self.case.alias {
            Some(Alias::Domain) => format!("{}.alias.test", label(self.names)),
            _ => self.names["domain"].clone(),
        }
    }

    /// Makes the recipient's domain an alias, where the case wants that.
    pub(super) fn make_alias(&self, recorder: &Recorder) -> Result<(), RunError> {
        let target = self.mail_domain();
        if target != self.names["domain"] {
            self.lab.own(&target, recorder);
            self.lab.zones.replace(&self.names["domain"], vec![Data::Cname(target)])?;
        }
        Ok(())
    }

    /// The domain of a message before the one that is judged, and its MX records.
    pub(super) fn put_up_earlier(
        &self,
        before: &Before,
        domain: &str,
        recorder: &Recorder,
    ) -> Result<(), RunError> {
        let (lab, new) = (self.lab, *domain != self.names["domain"]);
        if !new || !lab.own(domain, recorder) {
            return Ok(());
        }
        if before.renamed
            && let (Some(host), Some((_, name))) =
                (self.hosts.first(), renamed(self.case, self.names))
        {
            lab.zones.replace(&name, vec![record(host.address)])?;
            lab.zones.add(domain, Data::Mx { preference: 10, host: name })?;
            return Ok(());
        }
        for host in &self.hosts {
            let (host, preference) = (host.name.clone(), host.preference.unwrap_or(10));
            lab.zones.add(domain, Data::Mx { preference, host })?;
        }
        Ok(())
    }

    /// The domains of the further recipients that have a rule of their own, each with a correct next
    /// hop that nobody judges. Gives all further recipients.
    pub(super) async fn put_up_further(&mut self) -> Result<Vec<String>, RunError> {
        let (label, domain) = (label(self.names), &self.names["domain"]);
        let mut recipients = Vec::new();
        for (at, also) in self.case.message.also.iter().enumerate() {
            let local = format!("{label}-also-{}", at + 1);
            match also {
                Also::Same => recipients.push(format!("{local}@{domain}")),
                Also::Under(connector) => {
                    let domain = format!("{local}.{connector}.test");
                    let host = format!("mx.{domain}");
                    let address = self.lab.address_of(Family::Ipv4)?;
                    self.lab.zones.replace(&host, vec![record(address)])?;
                    let record = Data::Mx { preference: 10, host: host.clone() };
                    self.lab.zones.replace(&domain, vec![record])?;
                    let names = host_names(self.names, &host, &host, address);
                    let plan = receiver(self.lab, &correct("mx"), &names, self.options)?;
                    let listener = self.lab.listen(address, None).await?;
                    self.serving.spawn(serve(listener, plan, Recorder::new()));
                    recipients.push(format!("{local}@{domain}"));
                }
            }
        }
        Ok(recipients)
    }
}

/// The record of an address.
pub(super) fn record(address: IpAddr) -> Data {
    match address {
        IpAddr::V4(address) => Data::A(address),
        IpAddr::V6(address) => Data::Aaaa(address),
    }
}

/// The name of the case in this run, `c17`.
fn label(names: &Names) -> String {
    names["label"].clone()
}

/// Below what the case's hosts lie. The hosts of a whole domain of the user's have names of their own
/// in each case.
fn hosts_of(case: &Case, names: &Names) -> String {
    let domain = &names["domain"];
    match case.whole_domain() == Some(domain.as_str()) {
        true => format!("{}.{domain}", label(names)),
        false => domain.clone(),
    }
}

/// The domain of the message that knows the first host by another name, and that name.
fn renamed(case: &Case, names: &Names) -> Option<(String, String)> {
    let at = case.before.iter().position(|before| before.renamed)?;
    let connector: Connector = case.before[at].connector;
    let domain = format!("{}-{}.{connector}.test", label(names), at + 1);
    let host = format!("other.{domain}");
    Some((domain, host))
}

/// What is filled in for one next hop.
fn host_names(names: &Names, host: &str, owner: &str, address: IpAddr) -> Names {
    let mut names = names.clone();
    let parent = host.split_once('.').map_or(host, |(_, parent)| parent).to_owned();
    let above = parent.split_once('.').map_or(parent.as_str(), |(_, above)| above).to_owned();
    for (name, value) in [
        ("mx", host.to_owned()),
        ("parent", parent),
        ("grandparent", above),
        ("tail", host.chars().skip(1).collect()),
        ("target", owner.to_owned()),
        ("address", address.to_string()),
    ] {
        names.insert(name.into(), value);
    }
    names
}

/// A peer that does nothing wrong.
pub(super) fn correct(name: &str) -> Peer {
    Peer {
        name: name.into(),
        offer: Offer::modern(),
        cert: Some("trusted".into()),
        later_certs: Vec::new(),
        cert_names: Vec::new(),
        place: PeerPlace::default(),
        fault: None,
        hello: None,
        resumes: false,
        records: Framing::default(),
        tampers: Vec::new(),
        script: Script { parts: vec![Vec::new()] },
        asks_certificate: AsksCertificate::No,
        resumption: Resumption::No,
        sni: None,
    }
}

/// How a peer serves; `names` are those of its host.
pub(super) fn receiver(
    lab: &Lab,
    peer: &Peer,
    names: &Names,
    options: &PlayOptions,
) -> Result<ReceiverPlan, RunError> {
    let ask = match peer.asks_certificate {
        AsksCertificate::No => AskClient::No,
        AsksCertificate::Optional => AskClient::Optional,
        AsksCertificate::Required => AskClient::Required,
    };
    let tickets = match peer.resumption {
        Resumption::No => None,
        Resumption::Tickets => Some(Tickets::new()?),
        Resumption::EarlyData => Some(Tickets::new()?.with_early_data(EARLY_DATA)),
    };
    let in_it: Vec<String> = peer.cert_names.iter().map(|name| fill(name, names)).collect();
    let setup = |recipe: &str| -> Result<ServerSetup, RunError> {
        let mut tls = lab.server_setup(&peer.offer, recipe, &names["mx"], &in_it, ask)?;
        (tls.engine, tls.tickets) = (options.engine, tickets.clone());
        Ok(tls)
    };
    let tls = setup(peer.cert.as_deref().unwrap_or("trusted"))?;
    let mut plan = ReceiverPlan::new(&peer.name, &peer.script, names, tls, PATIENCE);
    plan.later_tls =
        peer.later_certs.iter().map(|recipe| setup(recipe)).collect::<Result<_, _>>()?;
    plan.fault = peer.server_fault();
    plan.tampers = peer.tampers.clone();
    Ok(plan)
}
