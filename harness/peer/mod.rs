//! Scripted peers: they play a case and record what they hear.
//!
//! Nothing here judges.
