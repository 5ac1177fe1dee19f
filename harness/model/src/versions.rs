//! Which versions of a product are meant: `>=3.10`, `>=3.7, <3.10`.

/// All of these bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<Bound>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Bound {
    From(Vec<u64>),
    Before(Vec<u64>),
}

impl Versions {
    /// Reads bounds with commas between, each `>=` or `<` and numbers with dots. `None`: it is
    /// anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bound = |part: &str| {
            let part = part.trim();
            let (make, rest): (fn(Vec<u64>) -> Bound, _) = match part.strip_prefix(">=") {
                Some(rest) => (Bound::From, rest),
                None => (Bound::Before, part.strip_prefix('<')?),
            };
            let rest = rest.trim();
            let numbers = numbers(rest)?;
            rest.chars().all(|c| c.is_ascii_digit() || c == '.').then(|| make(numbers))
        };
        text.split(',').map(bound).collect::<Option<_>>().map(Self)
    }

    /// Whether a product that tells its version so is meant: `3.10.13`, `Example 2.4.1-4`. One whose
    /// version is not known is not.
    pub fn hold(&self, version: &str) -> bool {
        let begins = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
        let Some(version) = version.split_whitespace().find(begins).and_then(numbers) else {
            return false;
        };
        self.0.iter().all(|bound| match bound {
            Bound::From(least) => version >= *least,
            Bound::Before(most) => version < *most,
        })
    }
}

/// The numbers with dots that a text begins with, without zeros at the end: 3.10 is 3.10.0.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let parts = text.get(..end)?.trim_end_matches('.').split('.').map(|part| part.parse().ok());
    let mut numbers: Vec<u64> = parts.collect::<Option<_>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let check = |bounds: &str, version: &str, expected: bool| {
            let versions = Versions::parse(bounds).unwrap();
            assert_eq!(versions.hold(version), expected, "{version} {bounds}");
        };
        check(">=3.10", "3.10.13", true);
        check(">=3.10", "3.10", true);
        check(">=3.10", "3.9.4", false);
        check(">=3.10", "3.7.11", false);
        check("<3.10", "3.9.4", true);
        check("<3.10", "3.10.0", false);
        check(">=3.7, <3.10", "3.8", true);
        check(">=3.7, <3.10", "3.11", false);
        check(">=7.6", "7.6.0p1", true);
        check(">=2", "Example 2.4.1-4 (stable)", true);
        check(">=0", "", false);
        check(">=0", "of today", false);
    }

    #[test]
    fn what_is_no_bound_is_refused() {
        for text in ["", "3.10", "=3.10", ">= ", ">=3.x", ">=3.10,", ">=3..1", "<3.10p1", "~3"] {
            assert_eq!(Versions::parse(text), None, "{text}");
        }
    }
}
