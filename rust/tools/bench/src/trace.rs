// SPDX-License-Identifier: GPL-2.0

//! Memory that is held for a while, followed page by page by the kernel's own events.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

const ROOT: &str = "/sys/kernel/tracing";

/// Every page that the page allocator gives and takes back, and those that go into page caches.
const EVENTS: [&str; 4] = [
    "kmem/mm_page_alloc",
    "kmem/mm_page_free",
    "filemap/mm_filemap_add_to_page_cache",
    "filemap/mm_filemap_delete_from_page_cache",
];

/// Pages given in bulk have no event: how many there were is what the function returns.
const BULK: &str = "r:cofs_bench/bulk alloc_pages_bulk_noprof count=$retval";

const BUFFER_KIB: &str = "131072";

fn file(name: &str) -> PathBuf {
    Path::new(ROOT).join(name)
}

fn set(name: &str, value: &str) -> Result<()> {
    fs::write(file(name), value).map_err(|e| format!("{ROOT}/{name}: {e}"))?;
    Ok(())
}

/// Where a span divides into parts.
const MARK: &str = "cofs-bench: next";

/// Divides what is traced: peaks are told for each part.
pub(crate) fn mark() -> Result<()> {
    set("trace_marker", MARK)
}

/// What a part of a span needed beyond what it put into page caches.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pages {
    /// At the part's start.
    pub(crate) before: i64,
    /// At the worst moment of it.
    pub(crate) peak: i64,
}

/// Pages outside page caches that `work` holds, counted from its start. The list has one entry
/// more than there were marks.
pub(crate) fn pages(work: impl FnOnce() -> Result<()>) -> Result<Vec<Pages>> {
    set("tracing_on", "0")?;
    set("buffer_size_kb", BUFFER_KIB)?;
    if !file("events/cofs_bench/bulk").exists() {
        set("kprobe_events", BULK)?;
    }
    let events = || EVENTS.iter().chain(&["cofs_bench/bulk"]);
    for event in events() {
        set(&format!("events/{event}/enable"), "1")?;
    }
    set("trace", "")?;
    set("tracing_on", "1")?;
    let done = work();
    set("tracing_on", "0")?;
    for event in events() {
        set(&format!("events/{event}/enable"), "0")?;
    }
    done?;
    let stats = fs::read_to_string(file("per_cpu/cpu0/stats"))?;
    if !stats.lines().any(|line| line == "overrun: 0") {
        return Err("the trace buffer was too small".into());
    }
    let pages = parse(&fs::read_to_string(file("trace"))?);
    set("trace", "")?;
    pages
}

/// The number behind `name=`.
fn field(line: &str, name: &str) -> Option<u64> {
    let (_, rest) = line.split_once(name)?;
    let value = rest.strip_prefix('=')?.split_whitespace().next()?;
    match value.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => value.parse().ok(),
    }
}

fn parse(text: &str) -> Result<Vec<Pages>> {
    let mut parts = vec![Pages::default()];
    let mut held = 0i64;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let pages = || -> Result<i64> {
            let order = field(line, "order").ok_or_else(|| format!("no order: {line}"))?;
            Ok(1 << order.min(20))
        };
        if line.contains(" mm_page_alloc:") {
            // An attempt that failed has no page.
            if field(line, "pfn") != Some(0) {
                held += pages()?;
            }
        } else if line.contains(" mm_page_free:") || line.contains("_add_to_page_cache:") {
            held -= pages()?;
        } else if line.contains("_delete_from_page_cache:") {
            held += pages()?;
        } else if line.contains(" bulk:") {
            let count = field(line, "count").ok_or_else(|| format!("no count: {line}"))?;
            held += i64::try_from(count)?;
        } else if line.contains(MARK) {
            parts.push(Pages {
                before: held,
                peak: held,
            });
        }
        if let Some(part) = parts.last_mut() {
            part.peak = part.peak.max(held);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_cache_are_not_held() -> Result<()> {
        let text = "# tracer: nop
 b-1 [000] ..... 1.0: mm_page_alloc: page=00000000 pfn=0x10 order=2 migratetype=1 gfp_flags=X
 b-1 [000] ..... 1.0: mm_filemap_add_to_page_cache: dev 1:0 ino 2a pfn=0x10 ofs=0 order=2
 b-1 [000] ..... 1.0: bulk: (vmalloc+0x1/0x2 <- alloc_pages_bulk_noprof) count=0x5
 b-1 [000] ..... 1.0: mm_page_alloc: page=00000000 pfn=0x0 order=9 migratetype=1 gfp_flags=X
 b-1 [000] ..... 1.0: tracing_mark_write: cofs-bench: next
 b-1 [000] ..... 1.0: mm_page_alloc: page=00000000 pfn=0x20 order=0 migratetype=1 gfp_flags=X
 b-1 [000] ..... 1.0: mm_page_free: page=00000000 pfn=0x20 order=0
";
        let [first, second] = parse(text)?[..] else {
            return Err("not two parts".into());
        };
        assert_eq!((first.before, first.peak), (0, 5));
        assert_eq!((second.before, second.peak), (5, 6));
        Ok(())
    }
}
