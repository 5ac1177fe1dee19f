//! `[[row]]`: one claim of several that share a dialogue.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::{Ordered, Placed};

/// One row. Every key that is none of its own is a word of the author's: `does` is filled in for
/// `{row.does}`, and `name` for `{row}`.
#[derive(Debug)]
pub struct Row {
    pub name: Placed<String>,
    pub why: Option<Placed<String>>,
    pub cites: Vec<Placed<String>>,
    pub cites_for: Ordered<Ordered<Vec<Placed<String>>>>,
    pub words: Vec<(Placed<String>, Placed<String>)>,
}

impl Row {
    /// The keys that are no words.
    pub const KEYS: [&'static str; 4] = ["name", "why", "cites", "cites-for"];
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Row;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with a `name` and words")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let (mut name, mut why, mut words) = (None, None, Vec::new());
                let (mut cites, mut cites_for) = (Vec::new(), Ordered::default());
                while let Some(key) = map.next_key::<Placed<String>>()? {
                    match key.get_ref().as_str() {
                        "name" => name = Some(map.next_value()?),
                        "why" => why = Some(map.next_value()?),
                        "cites" => cites = map.next_value()?,
                        "cites-for" => cites_for = map.next_value()?,
                        _ => words.push((key, map.next_value()?)),
                    }
                }
                let name = name.ok_or_else(|| de::Error::missing_field("name"))?;
                Ok(Row { name, why, cites, cites_for, words })
            }
        }
        from.deserialize_map(Table)
    }
}

impl JsonSchema for Row {
    fn schema_name() -> Cow<'static, str> {
        "Row".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "name": {
                    "description": "Its name in the id, which is filled in for `{row}`.",
                    "type": "string",
                },
                "why": { "description": "Who is harmed otherwise.", "type": "string" },
                "cites": {
                    "description": "Rows of the requirements, beside those of the file.",
                    "type": "array",
                    "items": { "type": "string" },
                },
                "cites-for": {
                    "description": "More rows for the cases with that value of an axis.",
                    "type": "object",
                    "additionalProperties": generator.subschema_for::<Ordered<Vec<String>>>(),
                },
            },
            "required": ["name"],
            "additionalProperties": {
                "description": "A word, which is filled in for `{row.KEY}`.",
                "type": "string",
            },
        })
    }
}
