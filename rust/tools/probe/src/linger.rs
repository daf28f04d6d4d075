// SPDX-License-Identifier: GPL-2.0
//! What lingers is dropped while it is adopted, read and left again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::content::{open, pread_full};
use crate::error::{Context, Result};
use crate::pair::{big, golden, verify, Setup, BIG};
use crate::pattern::Random;

/// Mounts and umounts of each image.
const ROUNDS: u64 = 60;

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    let domain = setup.options.split_once("domain_id=").map(|(_, d)| d);
    let domain = domain.ok_or("a domain is needed")?;
    let scale = std::env::var("SCALE").ok().and_then(|s| s.parse().ok());
    let rounds = ROUNDS / scale.unwrap_or(1).max(1);
    match order {
        // One image: between two mounts its content lingers.
        "one" => race(setup, &[true], rounds, domain),
        // Both, so that content is also left by one and kept by the other.
        "both" => race(setup, &[true, false], rounds, domain),
        "flight" => flight(setup),
        _ => Err(format!("unknown order {order}")),
    }
}

fn race(setup: &Setup<'_>, images: &[bool], rounds: u64, domain: &str) -> Result<()> {
    let golden = golden();
    let stop = AtomicBool::new(false);
    let drops = AtomicU64::new(0);
    thread::scope(|scope| {
        let dropper = scope.spawn(|| {
            let mut random = Random::new(rounds);
            while !stop.load(Ordering::Relaxed) {
                drop_some(&mut random, domain)?;
                drops.fetch_add(1, Ordering::Relaxed);
            }
            write("linger_mb", "-1")
        });
        let threads: Vec<_> = images
            .iter()
            .map(|first| scope.spawn(|| come_and_go(setup, *first, rounds, &golden)))
            .collect();
        let results: Vec<_> = threads.into_iter().map(|t| t.join()).collect();
        stop.store(true, Ordering::Relaxed);
        let dropped = dropper.join();
        for result in results.into_iter().chain([dropped]) {
            result.map_err(|_| "a thread panicked".to_string())??;
        }
        Ok(())
    })
    .inspect(|()| println!("rounds={rounds} drops={}", drops.load(Ordering::Relaxed)))
}

fn write(file: &str, value: &str) -> Result<()> {
    std::fs::write(format!("/sys/fs/cofs/{file}"), value).what(|| format!("{file}={value}"))
}

fn drop_some(random: &mut Random, domain: &str) -> Result<()> {
    match random.below(6) {
        0 => write("linger_mb", "0"),
        1 => write("linger_mb", "4"),
        2 => write("linger_mb", "-1"),
        3 => write("drop_domain", domain),
        4 => std::fs::write("/proc/sys/vm/drop_caches", "2").what(|| "drop_caches".into()),
        _ => write("drop_content", "1"),
    }?;
    thread::sleep(std::time::Duration::from_millis(random.below(5)));
    Ok(())
}

/// Every other time the file is closed before its readahead has ended.
fn come_and_go(setup: &Setup<'_>, first: bool, rounds: u64, golden: &[u8]) -> Result<()> {
    let mut random = Random::new(rounds + u64::from(first));
    let mut got = vec![0; 256 << 10];
    for round in 0..rounds {
        let mounted = if first {
            setup.mount_a()
        } else {
            setup.mount_b()
        }?;
        let fd = open(&big(&mounted))?;
        for _ in 0..random.below(8) {
            let start = random.below((BIG - got.len()) as u64) as usize;
            let n = pread_full(&fd, &mut got, start as u64).what(|| "pread".into())?;
            verify(&got[..n], golden, start).map_err(|e| format!("round {round}: {e}"))?;
        }
        if random.below(2) == 0 {
            rustix::fs::fadvise(&fd, 0, None, rustix::fs::Advice::WillNeed)
                .what(|| "fadvise".into())?;
        }
    }
    Ok(())
}

/// Image `a` lies on a slow device. Its readahead is under way when the file is closed, its inode
/// evicted and its content dropped, which waits for it.
fn flight(setup: &Setup<'_>) -> Result<()> {
    let mounted = setup.mount_a()?;
    let path = big(&mounted);
    write("drop_content", "1")?;
    let before = contents()?;
    let mut waited = 0;
    for round in 0..5 {
        let fd = open(&path)?;
        rustix::fs::fadvise(&fd, 0, None, rustix::fs::Advice::WillNeed)
            .what(|| "fadvise".into())?;
        drop(fd);
        // An inode that was just used survives the shrinker once.
        for _ in 0..3 {
            std::fs::write("/proc/sys/vm/drop_caches", "2").what(|| "drop_caches".into())?;
        }
        let pages = number("lingering_pages")?;
        let start = std::time::Instant::now();
        write("drop_content", "1")?;
        if pages > 0 && start.elapsed().as_millis() > 20 {
            waited += 1;
        }
        if contents()? > before {
            return Err(format!("round {round}: content stays"));
        }
    }
    println!("drops that waited: {waited} of 5");
    Ok(())
}

fn contents() -> Result<u64> {
    number("shared_inodes")
}

fn number(file: &str) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/sys/fs/cofs/{file}")).what(|| file.into())?;
    text.trim().parse().map_err(|_| format!("{file}: {text}"))
}
