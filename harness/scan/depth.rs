//! How deep a scan goes.

/// How much of a host's TLS is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Versions and their suites alone, with no connection for anything else.
    Suites,
    /// All there is.
    #[default]
    Whole,
}
