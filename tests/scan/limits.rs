//! Hosts that limit, stall or talk nonsense: no wrong "not supported", and no endless scan.
