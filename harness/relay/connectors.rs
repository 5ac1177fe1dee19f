//! Which TLS demands a relay can be configured for, each way.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

/// The connectors that a driver declares. In files a list, which holds for both ways, or a table
/// with a list for each: `{ inbound = ["opportunistic"], outbound = ["dane"] }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connectors {
    inbound: BTreeSet<Connector>,
    outbound: BTreeSet<Connector>,
}

impl Connectors {
    /// Every connector, both ways, that a relay can have without publishing or fetching anything:
    /// who has DANE or MTA-STS says so.
    pub fn all() -> Self {
        let published = [Connector::Dane, Connector::MtaSts];
        Self::both(Connector::ALL.into_iter().filter(|one| !published.contains(one)).collect())
    }

    /// Whether mail that goes this way can be put under this demand.
    pub fn declare(&self, direction: Direction, connector: Connector) -> bool {
        match direction {
            Direction::Inbound => self.inbound.contains(&connector),
            Direction::Outbound => self.outbound.contains(&connector),
        }
    }

    fn both(connectors: BTreeSet<Connector>) -> Self {
        Self { inbound: connectors.clone(), outbound: connectors }
    }
}

/// A list for each way; a way that is not named has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EachWay {
    #[serde(default)]
    inbound: BTreeSet<Connector>,
    #[serde(default)]
    outbound: BTreeSet<Connector>,
}

impl JsonSchema for Connectors {
    fn schema_name() -> Cow<'static, str> {
        "Connectors".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<BTreeSet<Connector>>();
        json_schema!({
            "description": "A list, which holds for both ways, or a table with a list for each.",
            "anyOf": [
                list,
                {
                    "type": "object",
                    "properties": { "inbound": list, "outbound": list },
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Connectors {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListOrTable)
    }
}

struct ListOrTable;

impl<'de> Visitor<'de> for ListOrTable {
    type Value = Connectors;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of connectors, or a table with one for `inbound` and one for `outbound`",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Connectors, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(Connectors::both)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Connectors, A::Error> {
        let EachWay { inbound, outbound } =
            Deserialize::deserialize(MapAccessDeserializer::new(table))?;
        Ok(Connectors { inbound, outbound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        connectors: Connectors,
    }

    fn declared(text: &str) -> Result<Vec<String>, String> {
        let file: File = toml::from_str(&format!("connectors = {text}"))
            .map_err(|error| error.message().to_owned())?;
        let ways = [Direction::Inbound, Direction::Outbound];
        let all = ways.into_iter().flat_map(|way| Connector::ALL.map(|connector| (way, connector)));
        Ok(all
            .filter(|(way, connector)| file.connectors.declare(*way, *connector))
            .map(|(way, connector)| format!("{way} {connector}"))
            .collect())
    }

    #[test]
    fn a_list_holds_for_both_ways_and_a_table_for_each() {
        assert_eq!(declared("['mutual']").unwrap(), ["inbound mutual", "outbound mutual"]);
        let table = "{ inbound = ['opportunistic'], outbound = ['opportunistic', 'dane'] }";
        let each = ["inbound opportunistic", "outbound opportunistic", "outbound dane"];
        assert_eq!(declared(table).unwrap(), each);
        assert_eq!(declared("{ outbound = ['dane'] }").unwrap(), ["outbound dane"]);
    }

    #[test]
    fn anything_else_is_told() {
        for (text, words) in [
            ("'mutual'", "a list of connectors, or a table"),
            ("['mutal']", "unknown variant `mutal`"),
            ("{ inbuond = [] }", "unknown field `inbuond`"),
        ] {
            let error = declared(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
