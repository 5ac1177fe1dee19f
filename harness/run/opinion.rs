//! Second opinions: no finding is a peculiarity of one library.

use waxseal_model::facts::Engine;
use waxseal_model::record::CaseRecord;
use waxseal_model::trace::{Happening, Place, Trace};
use waxseal_model::verdict::Verdict;

/// The engine that played the handshakes of a case's peers, if there were any.
pub(super) fn played_by(trace: &Trace) -> Option<Engine> {
    let peers = trace.events.iter().filter(|event| matches!(event.place, Place::Peer { .. }));
    peers
        .filter_map(|event| match &event.kind {
            Happening::HandshakeCompleted(facts) => Some(facts.engine),
            Happening::HandshakeFailed(failure) => failure.engine,
            _ => None,
        })
        .next()
}

/// The other one.
pub(super) fn other(engine: Engine) -> Engine {
    match engine {
        Engine::Modern => Engine::Legacy,
        Engine::Legacy => Engine::Modern,
    }
}

/// A failure, after the case was played once more with `engine`: it stands if that fails too, or
/// if nothing was decided then. `second` is `None` where the second play brought nothing.
pub(super) fn settle(first: CaseRecord, engine: Engine, second: Option<CaseRecord>) -> CaseRecord {
    let agrees = [Verdict::Fail, Verdict::Error, Verdict::Inconclusive];
    let Some(second) = second.filter(|second| !agrees.contains(&second.verdict)) else {
        return first;
    };
    let reason = format!(
        "The engines disagree: with {} the case fails ({}), with {} it is {} ({}).",
        other(engine).name(),
        first.reason.trim_end_matches('.'),
        engine.name(),
        second.verdict,
        second.reason.trim_end_matches('.'),
    );
    CaseRecord { verdict: Verdict::Inconclusive, reason, ..first }
}
