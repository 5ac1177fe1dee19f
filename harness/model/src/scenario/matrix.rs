//! The matrix of a scenario: which combinations of values make its cases.

use super::{Connector, ConnectorGroup};
use crate::diagnostic::{Diagnostic, closest};
use crate::limits;
use crate::raw::{Ordered, Placed};
use crate::script::Direction;

/// The key under `matrix` that is no axis.
const EXCEPT: &str = "except";

/// The axis whose values may be groups.
pub(super) const CONNECTOR: &str = "connector";

/// One value of an axis: how ids name it, and what is filled in.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) name: String,
    pub(super) text: String,
}

/// One value of each axis.
pub(super) type Combination = Vec<(String, Value)>;

/// The axes in the order of the file, and what is left out of their product.
#[derive(Debug)]
pub(super) struct Matrix {
    axes: Vec<(String, Vec<Value>)>,
    except: Vec<Exception>,
}

/// Combinations that are left out: those that have, for each of these axes, one of these values.
#[derive(Debug)]
struct Exception(Vec<(String, Vec<String>)>);

impl Matrix {
    /// Reads the table `matrix`.
    ///
    /// # Errors
    /// All that is wrong with it: an axis that is no list of strings, an exception for what is not
    /// there, one that leaves nothing out, or nothing that is left.
    pub(super) fn read(
        file: &str,
        direction: Direction,
        table: &Ordered<toml::Value>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let wrong = |key: &Placed<String>, message: String, help: &str| {
            let (file, span) = (file.to_owned(), Some(key.span()));
            vec![Diagnostic { file, span, message, help: Some(help.to_owned()) }]
        };
        let mut axes = Vec::new();
        for (key, value) in table.0.iter().filter(|(key, _)| key.get_ref() != EXCEPT) {
            let name = key.get_ref();
            let values =
                axis(name, value).filter(|values| !values.is_empty()).ok_or_else(|| {
                    let help = "write `matrix.NAME = [\"a\", \"b\"]`, or a table of named strings";
                    wrong(key, format!("`matrix.{name}` is no list of strings"), help)
                })?;
            let values = match name.as_str() {
                CONNECTOR => connectors(values, direction)
                    .map_err(|(message, help)| wrong(key, message, &help))?,
                _ => values,
            };
            let again = |at: &usize| values[..*at].iter().any(|one| one.name == values[*at].name);
            if let Some(at) = (0..values.len()).find(again) {
                let message = format!("`{}` stands twice in `matrix.{name}`", values[at].name);
                return Err(wrong(key, message, "leave one of them out"));
            }
            axes.push((name.clone(), values));
        }
        let mut matrix = Self { axes, except: Vec::new() };
        // Counted, not made: no machine holds the product of a few long axes.
        if matrix.product().is_none_or(|cases| cases > limits::CASES) {
            let (file, most) = (file.to_owned(), limits::CASES);
            let message = format!("`matrix` makes more than {most} cases");
            let span = table.0.first().map(|(key, _)| key.span());
            let help = Some("take values away, or make several files of it".to_owned());
            return Err(vec![Diagnostic { file, span, message, help }]);
        }
        let Some((key, value)) = table.0.iter().find(|(key, _)| key.get_ref() == EXCEPT) else {
            return Ok(matrix);
        };
        let form = "write `matrix.except = [{ version = \"1.0\", suite = [\"a\", \"b\"] }]`";
        let exceptions = exceptions(value)
            .ok_or_else(|| wrong(key, "`matrix.except` is no list of tables".into(), form))?;
        for exception in exceptions {
            let exception = exception.grouped(direction);
            if let Some((message, help)) = matrix.not_there(&exception) {
                return Err(wrong(key, message, &help));
            }
            if !matrix.combinations().iter().any(|row| exception.holds(row)) {
                let message = "one table of `matrix.except` leaves nothing out".to_owned();
                return Err(wrong(key, message, "remove it: another one covers it"));
            }
            matrix.except.push(exception);
        }
        if matrix.combinations().is_empty() {
            let message = "`matrix.except` leaves no case".to_owned();
            return Err(wrong(key, message, "leave out less"));
        }
        Ok(matrix)
    }

    /// How many combinations there are before any is left out; `None`: more than can be counted.
    fn product(&self) -> Option<usize> {
        self.axes.iter().try_fold(1_usize, |product, (_, values)| product.checked_mul(values.len()))
    }

    /// The names of the axes.
    pub(super) fn axes(&self) -> Vec<&str> {
        self.axes.iter().map(|(axis, _)| axis.as_str()).collect()
    }

    /// The names of the values of one axis.
    pub(super) fn names(&self, axis: &str) -> Option<Vec<&str>> {
        let (_, values) = self.axes.iter().find(|(name, _)| name == axis)?;
        Some(values.iter().map(|value| value.name.as_str()).collect())
    }

    /// Every combination that is not left out, in the order of the file: the last axis changes first.
    pub(super) fn combinations(&self) -> Vec<Combination> {
        let all =
            self.axes.iter().fold(vec![Vec::new()], |rows: Vec<Combination>, (key, values)| {
                let longer = |row: &Combination, value: &Value| {
                    row.iter().cloned().chain([(key.clone(), value.clone())]).collect()
                };
                rows.iter()
                    .flat_map(|row| values.iter().map(move |value| longer(row, value)))
                    .collect()
            });
        let kept = |row: &Combination| !self.except.iter().any(|exception| exception.holds(row));
        all.into_iter().filter(kept).collect()
    }

    /// Which axis or value of an exception does not exist, and what may have been meant.
    fn not_there(&self, exception: &Exception) -> Option<(String, String)> {
        let likely = |word: &str, known: Vec<&str>| match closest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", known.join(", ")),
        };
        exception.0.iter().find_map(|(key, names)| {
            let Some((_, values)) = self.axes.iter().find(|(axis, _)| axis == key) else {
                let known = self.axes.iter().map(|(axis, _)| axis.as_str()).collect();
                return Some((
                    format!("`matrix.except` names no axis `{key}`"),
                    likely(key, known),
                ));
            };
            let known: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
            let missing = names.iter().find(|name| !known.contains(&name.as_str()))?;
            let message = format!("`matrix.{key}` has no value `{missing}` to leave out");
            Some((message, likely(missing, known)))
        })
    }
}

impl Exception {
    /// The same with the connectors of a group in its place.
    fn grouped(self, direction: Direction) -> Self {
        let each = |(axis, names): (String, Vec<String>)| match axis.as_str() {
            CONNECTOR => (axis, names.iter().flat_map(|name| expanded(name, direction)).collect()),
            _ => (axis, names),
        };
        Self(self.0.into_iter().map(each).collect())
    }

    fn holds(&self, row: &Combination) -> bool {
        self.0.iter().all(|(key, names)| {
            row.iter().any(|(axis, value)| axis == key && names.contains(&value.name))
        })
    }
}

/// The values of an axis; of connectors, a word alone is a list of one.
fn axis(name: &str, value: &toml::Value) -> Option<Vec<Value>> {
    let one = |name: &str, text: &toml::Value| {
        let text = text.as_str()?;
        Some(Value { name: name.into(), text: text.into() })
    };
    match value {
        toml::Value::String(word) if name == CONNECTOR => Some(vec![one(word, value)?]),
        toml::Value::Array(list) => list.iter().map(|text| one(text.as_str()?, text)).collect(),
        toml::Value::Table(table) => table.iter().map(|(name, text)| one(name, text)).collect(),
        _ => None,
    }
}

/// The connectors that a word of `matrix.connector` stands for: a group's, or itself.
fn expanded(name: &str, direction: Direction) -> Vec<String> {
    let group = Connector::group(name, direction);
    group.map_or(vec![name.to_owned()], |all| all.iter().map(ToString::to_string).collect())
}

/// Whether a connector, by its name, is in the group of this name.
pub(super) fn is_in(connector: &str, group: &str, direction: Direction) -> bool {
    let group = Connector::group(group, direction).unwrap_or_default();
    group.iter().any(|one| one.name() == connector)
}

/// The values of `matrix.connector` with the connectors of a group in its place.
///
/// # Errors
/// A word that is neither, with what may have been meant.
fn connectors(values: Vec<Value>, direction: Direction) -> Result<Vec<Value>, (String, String)> {
    let groups = ConnectorGroup::ALL.into_iter().filter(|group| group.exists(direction));
    let all = Connector::ALL.into_iter().filter(|one| one.exists(direction));
    let known: Vec<&str> =
        all.map(Connector::name).chain(groups.map(ConnectorGroup::name)).collect();
    let mut expanded_values = Vec::new();
    for value in values {
        if !known.contains(&value.text.as_str()) {
            let help = closest(&value.text, known.iter().copied())
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| format!("one of: {}", known.join(", ")));
            return Err((format!("unknown connector or group `{}`", value.text), help));
        }
        match value.name == value.text {
            true => {
                let names = expanded(&value.text, direction).into_iter();
                expanded_values.extend(names.map(|name| Value { text: name.clone(), name }));
            }
            false => expanded_values.push(value),
        }
    }
    Ok(expanded_values)
}

fn exceptions(value: &toml::Value) -> Option<Vec<Exception>> {
    let names = |value: &toml::Value| match value {
        toml::Value::String(name) => Some(vec![name.clone()]),
        toml::Value::Array(list) => {
            list.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    };
    let exception = |value: &toml::Value| {
        let table = value.as_table().filter(|table| !table.is_empty())?;
        let pairs = table.iter().map(|(key, value)| Some((key.clone(), names(value)?)));
        Some(Exception(pairs.collect::<Option<_>>()?))
    };
    value.as_array()?.iter().map(exception).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXES: &str = "version = ['1.0', '1.2', '1.3']\nsuite = { a = 'x', b = 'y' }\n";

    #[track_caller]
    fn check(except: &str, expected: Result<&str, &str>) {
        let table = toml::from_str(&format!("{AXES}{except}")).unwrap();
        let found = Matrix::read("x.toml", Direction::Outbound, &table).map(|matrix| {
            let row = |row: Combination| {
                row.into_iter().map(|(_, value)| value.name).collect::<Vec<_>>().join("")
            };
            matrix.combinations().into_iter().map(row).collect::<Vec<_>>().join(" ")
        });
        let found = found.map_err(|errors| errors[0].message.clone());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{except}");
    }

    #[test]
    fn what_is_left_out_makes_no_case() {
        check("", Ok("1.0a 1.0b 1.2a 1.2b 1.3a 1.3b"));
        check("except = [{ version = '1.0', suite = 'b' }]", Ok("1.0a 1.2a 1.2b 1.3a 1.3b"));
        check("except = [{ version = ['1.0', '1.2'], suite = 'b' }]", Ok("1.0a 1.2a 1.3a 1.3b"));
        check("except = [{ version = '1.0' }, { suite = 'a' }]", Ok("1.2b 1.3b"));
    }

    #[test]
    fn a_product_that_no_machine_holds_is_refused_before_it_is_made() {
        let axis = |name: char| {
            let values: Vec<String> = (0..100).map(|value| format!("'{value}'")).collect();
            format!("{name} = [{}]\n", values.join(", "))
        };
        for axes in ["abc", "abcdefghijklmnopqrst"] {
            let table = toml::from_str(&axes.chars().map(axis).collect::<String>()).unwrap();
            let errors = Matrix::read("x.toml", Direction::Outbound, &table).unwrap_err();
            assert_eq!(errors[0].message, "`matrix` makes more than 2000 cases");
        }
    }

    #[test]
    fn an_exception_for_nothing_is_a_mistake() {
        check("except = [{ versoin = '1.0' }]", Err("`matrix.except` names no axis `versoin`"));
        check("except = [{ suite = 'x' }]", Err("`matrix.suite` has no value `x` to leave out"));
        let covered = "one table of `matrix.except` leaves nothing out";
        check("except = [{ suite = 'a' }, { suite = 'a', version = '1.0' }]", Err(covered));
        check("except = [{ suite = ['a', 'b'] }]", Err("`matrix.except` leaves no case"));
        for form in ["except = 'a'", "except = [{}]", "except = [{ suite = 1 }]"] {
            check(form, Err("`matrix.except` is no list of tables"));
        }
    }
}
