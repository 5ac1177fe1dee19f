//! Closed lists of words: a word of the scenario language stands in one place, with its sentence.

use crate::script::Direction;

/// A closed list of words, as [`words!`] writes it.
pub trait WordList: Copy + PartialEq + 'static {
    /// What all of them are.
    const ABOUT: &'static str;
    /// All of them, in the order in which they are shown.
    const LIST: &'static [Self];

    /// The word.
    fn name(self) -> &'static str;

    /// What it means: the doc comment of the variant, on one line.
    fn about(self) -> &'static str;

    /// The only direction in which it has a meaning; `None`: it has one in both.
    fn only(self) -> Option<Direction>;

    /// The words with what they stand for.
    fn table() -> Vec<(&'static str, Self)> {
        Self::LIST.iter().map(|one| (one.name(), *one)).collect()
    }
}

/// Writes an enum of words from one row for each: doc comment, variant, word, and where they have a
/// meaning the only direction and further columns.
///
/// ```text
/// words! {
///     /// What they are.
///     pub enum Animal [
///         /// What a column says.
///         legs: u8,
///     ] {
///         /// What this one is.
///         Cat = "cat" only Inbound { legs: 4 },
///     }
/// }
/// ```
///
/// Beside the enum it writes `ALL`, `name`, `from_name`, a function for each column, [`WordList`], the
/// names for serde and JSON Schema, and `Display`, unless `undisplayed` stands first. `pub enum Animal or
/// Cat` makes that one the default. A row that lacks a column does not compile.
macro_rules! words {
    (@only) => { None };
    (@only $direction:ident) => { Some($crate::script::Direction::$direction) };
    (@list $(#[doc = $what:tt])+ pub enum $list:ident {
        $($(#[doc = $doc:tt])+ $name:ident = $word:tt
            $(only $direction:ident)? $({ $($column:ident: $value:expr),+ $(,)? })?,)+
    }) => {
        $(#[doc = $what])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $list { $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+ }

        impl $list {
            /// All of them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The word in files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What a file's word stands for.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($word => Some(Self::$name),)+ _ => None }
            }

            /// Whether it has a meaning in this direction.
            pub fn exists(self, direction: $crate::script::Direction) -> bool {
                $crate::words::WordList::only(self).is_none_or(|only| only == direction)
            }
        }

        impl $crate::words::WordList for $list {
            const ABOUT: &'static str = concat!($($what),+);
            const LIST: &'static [Self] = &Self::ALL;

            fn name(self) -> &'static str {
                self.name()
            }

            fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }.trim_start()
            }

            fn only(self) -> Option<$crate::script::Direction> {
                match self { $(Self::$name => words!(@only $($direction)?),)+ }
            }
        }
    };
    (@columns $list:ident [$($(#[doc = $about:tt])+ $column:ident: $type:ty,)+] {
        $($(#[doc = $doc:tt])+ $name:ident = $word:tt
            $(only $direction:ident)? { $($key:ident: $value:expr),+ $(,)? },)+
    }) => {
        const _: () = {
            struct Row { $($column: $type,)+ }

            impl $list {
                fn row(self) -> Row {
                    match self { $(Self::$name => Row { $($key: $value),+ },)+ }
                }

                $($(#[doc = $about])+ pub fn $column(self) -> $type { self.row().$column })+
            }
        };
    };
    (
        undisplayed $(#[doc = $what:tt])+
        pub enum $list:ident $(or $default:ident)? $([$($columns:tt)+])? { $($rows:tt)+ }
    ) => {
        words! { @list $(#[doc = $what])+ pub enum $list { $($rows)+ } }
        $(words! { @default $list $default })?
        words! { @columned $list $([$($columns)+])? { $($rows)+ } }
    };
    (@default $list:ident $default:ident) => {
        impl Default for $list {
            fn default() -> Self {
                Self::$default
            }
        }
    };
    (@columned $list:ident { $($rows:tt)+ }) => {};
    (@columned $list:ident [$($columns:tt)+] { $($rows:tt)+ }) => {
        words! { @columns $list [$($columns)+] { $($rows)+ } }
    };
    ($(#[doc = $what:tt])+ pub enum $list:ident $($rest:tt)+) => {
        words! { undisplayed $(#[doc = $what])+ pub enum $list $($rest)+ }

        impl std::fmt::Display for $list {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use words;
