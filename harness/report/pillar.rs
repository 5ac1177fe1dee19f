//! The pillars that a report is ordered by.

use waxseal_model::scenario::Connector;

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pillar {
    /// TLS where it can be had, plaintext as the last resort.
    Opportunistic,
    /// TLS or nothing.
    Forced,
    /// No SSL 3.0, TLS 1.0 or 1.1.
    Versions,
    /// No suite without forward secrecy.
    ForwardSecrecy,
    /// Hellos, answers, sessions: right, odd and tampered.
    Handshake,
    /// STARTTLS resets all state and takes nothing along.
    State,
    /// Chains, names and dates.
    Certificates,
}

impl Pillar {
    /// All pillars in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Opportunistic,
        Self::Forced,
        Self::Versions,
        Self::ForwardSecrecy,
        Self::Handshake,
        Self::State,
        Self::Certificates,
    ];

    /// The pillar of a case, by its scenario's folder and its connector.
    pub fn of(scenario: &str, connector: Connector) -> Self {
        match scenario.split('/').nth(1).unwrap_or_default() {
            "versions" => Self::Versions,
            "forward-secrecy" => Self::ForwardSecrecy,
            "handshake" | "hello" | "tampered" | "resumption" => Self::Handshake,
            "injection" | "state" => Self::State,
            "certificates" | "mutual" => Self::Certificates,
            _ if connector == Connector::Opportunistic => Self::Opportunistic,
            _ => Self::Forced,
        }
    }

    /// The heading in reports.
    pub fn title(self) -> &'static str {
        match self {
            Self::Opportunistic => "Opportunistic TLS",
            Self::Forced => "Forced TLS",
            Self::Versions => "TLS 1.0/1.1 ban",
            Self::ForwardSecrecy => "Forward secrecy",
            Self::Handshake => "TLS handshake",
            Self::State => "STARTTLS state and injection",
            Self::Certificates => "Certificates",
        }
    }
}
