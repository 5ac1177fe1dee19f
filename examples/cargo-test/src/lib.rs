//! Here would be a relay in Rust. The one that is tested is in `../python`.
