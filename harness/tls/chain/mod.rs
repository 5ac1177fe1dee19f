//! Certificates: what they say, whether a chain holds, and what is stapled to it.

pub(super) mod certificate;
pub(super) mod crl;
pub(super) mod identity;
pub(super) mod paths;
pub(super) mod revocation;
pub(super) mod staple;
pub(super) mod verify;
