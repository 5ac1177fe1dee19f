//! The certificates a host shows, by what it was asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::found::Found;
use crate::certificate::{ChainFacts, StapleFacts};
use crate::offer::Version;

/// The name a client asks for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AskedName {
    /// The host's own.
    Own,
    /// None: no SNI, as most sending relays do.
    None,
    /// One that the host does not have.
    Unknown,
}

/// The kind of key a client can verify.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AskedKey {
    /// RSA alone.
    Rsa,
    /// ECDSA alone.
    Ecdsa,
}

/// What a host showed when it was asked in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// The version.
    pub version: Version,
    /// The kind of key.
    pub key: AskedKey,
    /// The name.
    pub name: AskedName,
    /// The chain; not applicable where the host has none of this kind, as it said itself or is known of it.
    pub result: Found<ShownChain>,
}

/// A chain, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownChain {
    /// The chain.
    pub chain: ChainFacts,
    /// The stapled response, if there was one.
    pub staple: Option<StapleFacts>,
}

impl Shown {
    /// The chain, where there was a handshake.
    pub fn chain(&self) -> Option<&ChainFacts> {
        self.result.known().map(|shown| &shown.chain)
    }
}
