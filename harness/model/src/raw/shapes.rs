//! Shapes of values that any file of ours may have, each with its place.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;

/// A value with its place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed<T> {
    span: Range<usize>,
    value: T,
}

impl<T> Placed<T> {
    /// A value that stands at this place.
    pub fn new(span: Range<usize>, value: T) -> Self {
        Self { span, value }
    }

    /// Where it stands: byte range in the file.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The value, without its place.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::deserialize(from)?;
        Ok(Self { span: spanned.span(), value: spanned.into_inner() })
    }
}

/// The place does not stand in the file.
impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One string or a list of strings, each with its place.
#[derive(Debug, Default)]
pub struct OneOrMany(pub Vec<Placed<String>>);

impl JsonSchema for OneOrMany {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json_schema!({ "type": "string" });
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let whole = Placed::<StringOrList>::deserialize(from)?;
        let span = whole.span();
        Ok(Self(match whole.into_inner() {
            StringOrList::One(text) => vec![Placed::new(span, text)],
            StringOrList::Many(list) => list,
        }))
    }
}

enum StringOrList {
    One(String),
    Many(Vec<Placed<String>>),
}

impl<'de> Deserialize<'de> for StringOrList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = StringOrList;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(StringOrList::One(text.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(StringOrList::Many(list))
            }
        }
        from.deserialize_any(Either)
    }
}

/// A number, or a string that is one after it is filled in.
#[derive(Debug)]
pub struct Number(pub String);

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let filled = json_schema!({ "type": "string" });
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, filled] })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a string that one is filled into")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number.to_string()))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                Ok(Number(text.into()))
            }
        }
        from.deserialize_any(Either)
    }
}

/// A table that keeps the order of its keys, with the place of each key.
#[derive(Debug)]
pub struct Ordered<T>(pub Vec<(Placed<String>, T)>);

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ordered".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let each = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": each })
    }
}

/// The form of `matrix`, for its schema alone.
pub struct Axes;

impl JsonSchema for Axes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Axes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = json_schema!({ "type": "string" });
        let some = generator.subschema_for::<OneOrMany>();
        let except = json_schema!({ "type": "object", "additionalProperties": some });
        json_schema!({
            "type": "object",
            "properties": {
                "connector": {
                    "description": "The rules: groups of them, or single ones.",
                    "anyOf": [
                        text,
                        { "type": "array", "items": text },
                        { "type": "object", "additionalProperties": text },
                    ],
                },
                "except": {
                    "description": "Combinations that do not exist.",
                    "type": "array",
                    "items": except,
                },
            },
            "additionalProperties": {
                "description": "Values, or a table that names each.",
                "anyOf": [
                    { "type": "array", "items": text },
                    { "type": "object", "additionalProperties": text },
                ],
            },
        })
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        from.deserialize_map(Entries(std::marker::PhantomData))
    }
}
