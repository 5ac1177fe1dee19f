//! What this machine has to run several relays side by side.

use std::fs;
use std::thread::available_parallelism;

/// Cores that this process may use, at least one.
pub fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Octets of memory that are free or can be freed; `None`: the system does not tell.
pub fn free_memory() -> Option<u64> {
    available(&fs::read_to_string("/proc/meminfo").ok()?)
}

/// The line `MemAvailable` of /proc/meminfo, in octets (proc_meminfo(5)).
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read_in_octets() {
        let text = "MemTotal:       24689764 kB\nMemAvailable:   22222 kB\n";
        assert_eq!(available(text), Some(22222 << 10));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
        assert!(cores() > 0);
    }
}
