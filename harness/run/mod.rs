//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.
