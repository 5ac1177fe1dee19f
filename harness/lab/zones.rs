//! All names of the lab, changed while the server answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use waxseal_model::scenario::DnsFaultKind;

use super::error::LabError;
use super::records::{Data, Kind, plain, wire_name};

/// Records, signatures and faults, shared by all who hold a clone.
///
/// Names are written without a final dot and in any case.
#[derive(Clone, Default)]
pub struct Zones(Arc<RwLock<Table>>);

/// What the zones say to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Aliases first, then the records asked for, each with its owner.
    pub answers: Vec<(String, Data)>,
    /// Neither the name nor anything below it exists.
    pub no_such_name: bool,
    /// Every owner on the way is signed.
    pub signed: bool,
    /// The fault at the last owner, or at the name itself.
    pub fault: Option<DnsFaultKind>,
}

#[derive(Default)]
struct Table {
    records: BTreeMap<String, Vec<Data>>,
    signed: BTreeMap<String, bool>,
    faults: BTreeMap<(String, Kind), DnsFaultKind>,
}

/// As many aliases as are followed before a chain counts as a loop.
const MOST_ALIASES: usize = 8;

impl Zones {
    /// Zones that know no name but answer `NS .` as signed, which relays ask to learn whether
    /// their resolver validates.
    pub fn new() -> Self {
        let zones = Self::default();
        zones.write(|table| {
            table.records.insert(String::new(), vec![Data::Ns("ns.waxseal.test".into())]);
        });
        zones
    }

    /// Adds a record beside those the name has.
    ///
    /// # Errors
    /// [`LabError::Name`] when a name cannot be sent.
    pub fn add(&self, name: &str, data: Data) -> Result<(), LabError> {
        wire_name(name)?;
        data.to_wire()?;
        self.write(|table| table.records.entry(plain(name)).or_default().push(data));
        Ok(())
    }

    /// Puts these records in the place of all that the name has, of every type.
    ///
    /// # Errors
    /// [`LabError::Name`] when a name cannot be sent; then nothing has changed.
    pub fn replace(&self, name: &str, data: Vec<Data>) -> Result<(), LabError> {
        wire_name(name)?;
        data.iter().try_for_each(|data| data.to_wire().map(drop))?;
        self.write(|table| table.records.insert(plain(name), data));
        Ok(())
    }

    /// Says whether the name and all below it count as signed. The nearest such saying holds;
    /// where there is none, a name is unsigned.
    pub fn sign(&self, name: &str, signed: bool) {
        self.write(|table| table.signed.insert(plain(name), signed));
    }

    /// Sets a fault for questions after this name and type. `Null` counts for MX only.
    pub fn fault(&self, name: &str, kind: Kind, fault: DnsFaultKind) {
        self.write(|table| table.faults.insert((plain(name), kind), fault));
    }

    /// Takes a fault back.
    pub fn heal(&self, name: &str, kind: Kind) {
        self.write(|table| table.faults.remove(&(plain(name), kind)));
    }

    /// Answers a question; `kind` is `None` for a type the lab does not serve.
    pub(super) fn find(&self, name: &str, kind: Option<Kind>) -> Found {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.find(plain(name), kind)
    }

    fn write<T>(&self, change: impl FnOnce(&mut Table) -> T) {
        // A panic elsewhere cannot leave a half-made entry: each change is one call on a map.
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Table {
    fn find(&self, mut name: String, kind: Option<Kind>) -> Found {
        let mut found =
            Found { answers: Vec::new(), no_such_name: false, signed: true, fault: None };
        let mut seen = BTreeSet::new();
        loop {
            found.signed &= self.is_signed(&name, kind);
            found.fault = kind.and_then(|kind| self.faults.get(&(name.clone(), kind)).copied());
            if found.fault == Some(DnsFaultKind::Null) && kind == Some(Kind::Mx) {
                found.answers.push((name, Data::null_mx()));
                return found;
            }
            let records = self.records.get(&name).map_or(&[][..], Vec::as_slice);
            let wanted = records.iter().filter(|data| Some(data.kind()) == kind);
            let before = found.answers.len();
            found.answers.extend(wanted.map(|data| (name.clone(), data.clone())));
            if found.answers.len() > before || found.fault.is_some() {
                return found;
            }
            let alias = records.iter().find_map(|data| match data {
                Data::Cname(target) => Some(plain(target)),
                _ => None,
            });
            let Some(target) = alias else {
                found.no_such_name = !self.exists(&name);
                return found;
            };
            found.answers.push((name.clone(), Data::Cname(target.clone())));
            if !seen.insert(name) || seen.len() > MOST_ALIASES {
                // Real resolvers give SERVFAIL for a loop.
                found.fault = Some(DnsFaultKind::Servfail);
                return found;
            }
            name = target;
        }
    }

    fn is_signed(&self, name: &str, kind: Option<Kind>) -> bool {
        if name.is_empty() && kind == Some(Kind::Ns) {
            return true;
        }
        ancestors(name).find_map(|at| self.signed.get(at).copied()).unwrap_or(false)
    }

    fn exists(&self, name: &str) -> bool {
        // A name exists when anything below it does (RFC 8020).
        self.records.keys().any(|owner| is_within(owner, name))
            || self.faults.keys().any(|(owner, _)| is_within(owner, name))
    }
}

fn is_within(name: &str, top: &str) -> bool {
    top.is_empty()
        || name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The name, its parent, …, the root.
fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| match name.split_once('.') {
        Some((_, parent)) => Some(parent),
        None => (!name.is_empty()).then_some(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones() -> Zones {
        let zones = Zones::new();
        let mx = Data::Mx { preference: 10, host: "mx.a.test".into() };
        zones.add("A.test.", mx).unwrap();
        zones.add("mx.a.test", Data::A([127, 8, 0, 1].into())).unwrap();
        zones.add("alias.test", Data::Cname("mx.a.test".into())).unwrap();
        zones.sign("a.test", true);
        zones
    }

    #[test]
    fn a_signature_holds_for_all_below_until_taken_back() {
        let zones = zones();
        assert!(zones.find("mx.a.test", Some(Kind::A)).signed);
        zones.sign("mx.a.test", false);
        assert!(!zones.find("mx.a.test", Some(Kind::A)).signed);
        assert!(zones.find("a.test", Some(Kind::Mx)).signed);
        assert!(zones.find("", Some(Kind::Ns)).signed);
    }

    #[test]
    fn an_answer_over_an_unsigned_alias_is_unsigned() {
        let found = zones().find("alias.test", Some(Kind::A));
        assert_eq!(found.answers.len(), 2);
        assert!(!found.signed);
    }

    #[test]
    fn a_name_with_something_below_it_exists() {
        assert!(!zones().find("test", Some(Kind::A)).no_such_name);
        assert!(zones().find("b.test", Some(Kind::A)).no_such_name);
        assert!(!zones().find("mx.a.test", None).no_such_name);
    }

    #[test]
    fn a_loop_of_aliases_ends() {
        let zones = zones();
        zones.add("x.test", Data::Cname("y.test".into())).unwrap();
        zones.add("y.test", Data::Cname("x.test".into())).unwrap();
        assert_eq!(zones.find("x.test", Some(Kind::A)).fault, Some(DnsFaultKind::Servfail));
    }
}
