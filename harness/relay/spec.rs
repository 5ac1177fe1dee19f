//! Which relay a run is about.

use std::ops::Deref;
use std::sync::Arc;

use super::driver::Driver;
use super::error::RelayError;
use super::interface::Relay;
use super::reference::{Mutant, Reference, Variant};

/// The relay that a run is about. Nothing of it is started yet; a clone is the same relay.
#[derive(Clone, Debug)]
pub struct RelaySpec(Arc<dyn Relay>);

impl RelaySpec {
    /// A relay by what `waxseal run` is given: `reference` (the embedded relay), a driver's name
    /// (`postfix`, `postfix@bookworm`), or the folder of a driver of one's own, absolute or relative to
    /// the current directory.
    ///
    /// Whether the product is installed is not looked at here: the run says that.
    ///
    /// # Errors
    /// [`RelayError`]: there is no such driver, or its folder has a mistake.
    pub fn find(name: &str) -> Result<Self, RelayError> {
        match name {
            "reference" => Ok(Self::reference(None)),
            name => Ok(Driver::find(name)?.into()),
        }
    }

    /// A relay without a driver: the command that starts it, as a shell reads it. It is told
    /// everything by `lab.json`, whose path is in `WAXSEAL_LAB`; relays/README.md says how.
    ///
    /// # Errors
    /// [`RelayError::EmptyCommand`].
    pub fn of_command(command: &str) -> Result<Self, RelayError> {
        Driver::of_command(command).map(Self::from).ok_or(RelayError::EmptyCommand)
    }

    /// The reference relay, or one of its mutants.
    #[doc(hidden)]
    pub fn reference(mutant: Option<Mutant>) -> Self {
        Self(Arc::new(Reference { mutant, variants: Vec::new() }))
    }

    /// The reference relay as other relays do it, in ways that are right as well.
    #[doc(hidden)]
    pub fn variant(variants: &[Variant]) -> Self {
        Self(Arc::new(Reference { mutant: None, variants: variants.to_vec() }))
    }
}

impl From<Driver> for RelaySpec {
    fn from(driver: Driver) -> Self {
        Self(Arc::new(driver))
    }
}

impl Deref for RelaySpec {
    type Target = dyn Relay;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
