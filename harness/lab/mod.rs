//! All around the relay in one run: DNS, addresses, sandbox, processes.
//!
//! Nothing here knows a scenario's expectation.
