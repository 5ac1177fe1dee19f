//! Which cases wait for something that a relay does late.

use waxseal_model::expect::Outcome;
use waxseal_model::scenario::{Case, DnsFaultKind, Peer, ServerFault};
use waxseal_model::script::Direction;

use super::contract::Late;

/// What the relay has to do by itself, after a time of its own choice, before the case can end as
/// its claim says.
pub(super) fn waits_for(case: &Case) -> Vec<Late> {
    if case.direction == Direction::Inbound {
        return Vec::new();
    }
    let (sender, hops): (Vec<&Peer>, Vec<&Peer>) =
        case.peers.iter().partition(|peer| peer.name == "sender");
    let silence = Some(ServerFault::SilentAfterClientHello);
    let silent = hops.iter().any(|peer| peer.server_fault() == silence);
    let again = |peers: &[&Peer]| {
        peers.iter().any(|peer| peer.script.parts.len() > 1 || peer.tampers.len() > 1)
    };
    // A later message comes to the next part of a script too.
    let comes_back = case.before.is_empty() && again(&hops);
    let one_hop_again = hops.len() == 1 && case.expect.attempts.is_some_and(|least| least > 1);
    let delivered = !case.expect.outcome.is_empty()
        && case.expect.outcome.iter().all(|outcome| outcome.delivered());
    // A domain without mail (RFC 7505) is no reason to wait.
    let null = case.dns.iter().any(|fault| fault.kind == DnsFaultKind::Null);
    let bounced = case.expect.outcome == [Outcome::Bounced];
    [
        (Late::Retry, (comes_back && delivered) || one_hop_again || again(&sender)),
        (Late::GiveUp, bounced && !null),
        (Late::TimeOut, silent),
    ]
    .into_iter()
    .filter_map(|(late, waits)| waits.then_some(late))
    .collect()
}

/// What the case may have to wait for, where another end of the message would keep its claim as well:
/// that it is bounced.
pub(super) fn may_wait_for(case: &Case) -> Vec<Late> {
    let outcome = &case.expect.outcome;
    let ends = outcome.contains(&Outcome::Bounced) && !outcome.contains(&Outcome::Deferred);
    let alone = *outcome == [Outcome::Bounced];
    let waits = case.direction == Direction::Outbound && ends && !alone;
    waits.then_some(Late::GiveUp).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn only_cases_that_wait_for_the_relay_are_told() {
        let catalogue = Catalogue::embedded().unwrap();
        let waits = |id: &str| {
            let found = catalogue.cases().find(|case| case.scenario == id);
            waits_for(found.unwrap_or_else(|| panic!("there is no scenario {id}")))
        };
        assert_eq!(waits("outbound/forced/retry"), [Late::Retry]);
        assert_eq!(waits("outbound/tampered/then-honest"), [Late::Retry]);
        assert_eq!(waits("outbound/forced/bounces"), [Late::GiveUp]);
        assert_eq!(waits("outbound/forced/report"), [Late::Retry, Late::GiveUp]);
        assert_eq!(waits("outbound/forced/handshake#silent"), [Late::TimeOut]);
        assert_eq!(waits("outbound/starttls/tried-again"), []);
        assert_eq!(waits("outbound/opportunistic/null-mx"), []);
        assert_eq!(waits("outbound/forced/refused#454"), []);
        assert_eq!(waits("inbound/control"), []);
    }

    #[test]
    fn a_message_that_may_come_back_is_waited_for_only_if_it_is_not_delivered() {
        let catalogue = Catalogue::embedded().unwrap();
        let waits = |id: &str| {
            let found = catalogue.cases().find(|case| case.scenario == id);
            may_wait_for(found.unwrap_or_else(|| panic!("there is no scenario {id}")))
        };
        assert_eq!(waits("outbound/opportunistic/certificate-demanded"), [Late::GiveUp]);
        assert_eq!(waits("outbound/opportunistic/tls-demanded"), [Late::GiveUp]);
        assert_eq!(waits("outbound/forced/bounces"), []);
        assert_eq!(waits("outbound/forced/refused#454"), []);
        assert_eq!(waits("inbound/control"), []);
    }
}
