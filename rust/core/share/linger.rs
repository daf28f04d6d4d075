// SPDX-License-Identifier: GPL-2.0

//! How much content that no image holds may stay in memory.

/// Pages of 4 KiB in a MiB.
const PAGES_PER_MIB: u64 = 256;

/// The bound, in MiB as the administrator gives it.
///
/// ```
/// use cofs_core::share::linger::Limit;
///
/// let two = Limit::from_mib(2);
/// assert_eq!(two.excess(512), 0);
/// assert_eq!(two.excess(513), 1);
/// // Nothing may stay.
/// assert_eq!(Limit::from_mib(0).excess(7), 7);
/// // A negative bound is none.
/// assert!(!Limit::from_mib(-1).is_bound());
/// assert_eq!(Limit::from_mib(-1).excess(u64::MAX), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(Option<u64>);

impl Limit {
    /// `mib` MiB; no bound if it is negative.
    pub fn from_mib(mib: i64) -> Self {
        let pages = u64::try_from(mib).ok();
        Self(pages.map(|mib| mib.saturating_mul(PAGES_PER_MIB)))
    }

    /// Whether there is a bound.
    pub fn is_bound(self) -> bool {
        self.0.is_some()
    }

    /// How many of `pages` are too many.
    pub fn excess(self, pages: u64) -> u64 {
        self.0.map_or(0, |limit| pages.saturating_sub(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_beyond_all_memory_is_one() {
        let limit = Limit::from_mib(i64::MAX);
        assert!(limit.is_bound());
        assert_eq!(limit.excess(u64::MAX), 0);
    }
}
