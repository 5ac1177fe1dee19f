//! Which rule a message goes by.

use waxseal_model::scenario::Connector;

use super::queue::Message;
use super::{Mutant, Setup};

/// More than this is large to [`Mutant::ClientPlaintextIfLarge`], in octets.
const LARGE: usize = 65_536;

/// The rule for a message: that of its recipient, unless a fault has it otherwise.
pub(super) async fn rule(setup: &Setup, message: &Message) -> Connector {
    let to = match setup.mutant {
        Some(Mutant::ClientRulesByFirstRecipient) => &message.first,
        _ => &message.to,
    };
    let to = match setup.mutant {
        Some(Mutant::ClientMindsDomainCase) => to.clone(),
        _ => to.to_ascii_lowercase(),
    };
    let (local, domain) = to.rsplit_once('@').unwrap_or(("", &to));
    let connector = setup.connector(local, domain);
    let lifted = match setup.mutant {
        Some(Mutant::ClientPlaintextReports) => message.from.is_empty(),
        Some(Mutant::ClientPlaintextNullSender) => message.from.is_empty() && !message.report,
        Some(Mutant::ClientForcesFirstRecipient) => message.place > 0,
        Some(Mutant::ClientPlaintextIfEightBit) => message.eight_bit,
        Some(Mutant::ClientPlaintextIfLarge) => message.content.len() > LARGE,
        Some(Mutant::ClientForgetsLiteralRule) => domain.starts_with('['),
        Some(Mutant::ClientMindsDepth) => {
            let suffix = format!(".{connector}.test");
            domain.strip_suffix(&suffix).is_some_and(|labels| labels.contains('.'))
        }
        Some(Mutant::ClientHeedsTlsRequiredNo) => {
            String::from_utf8_lossy(&message.content).to_ascii_lowercase().lines().any(|line| {
                line.split_once(':')
                    .is_some_and(|(name, value)| name == "tls-required" && value.trim() == "no")
            })
        }
        Some(Mutant::ClientFollowsAliasForRule) => setup
            .resolver()
            .alias(domain)
            .await
            .is_some_and(|target| setup.connector("", &target) == Connector::Opportunistic),
        _ => false,
    };
    let judged =
        matches!(connector, Connector::DomainValidation | Connector::CertificateValidation);
    match setup.mutant {
        _ if lifted => Connector::Opportunistic,
        Some(Mutant::ClientReportsToAnyone) if message.report && judged => {
            Connector::EncryptionOnly
        }
        _ => connector,
    }
}
