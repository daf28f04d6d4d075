// SPDX-License-Identifier: GPL-2.0
//! `run`: everything at once for some time, then a last look at all files, and the counts.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use fastrand::Rng;

use crate::counts::{now, Count, Counts, WORKERS};
use crate::disturb::{drop_caches, hotplug, Groups};
use crate::fault::Faults;
use crate::golden::Golden;
use crate::slot::{Kind, Slot};
use crate::trouble::{Context, Result, Step, Trouble};
use crate::watch::Starter;
use crate::ways::{whole, WAYS};
use crate::worker::{places, Place};

#[derive(Args)]
pub(crate) struct Options {
    /// Filesystem type
    #[arg(long, default_value = "cofs")]
    kind: String,
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// What is chosen follows from it; what comes first does not
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// LIST:SOURCE, an image on a block device or in a file, and its golden list
    #[arg(long = "image", required = true)]
    images: Vec<String>,
    /// NAME=DEVICE, a mapped device that is all of DEVICE, to fail now and then
    #[arg(long = "shaky")]
    shaky: Vec<String>,
    /// A directory of /sys/block whose requests may be failed
    #[arg(long = "disk")]
    disks: Vec<PathBuf>,
    /// Workers without a limit of memory
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// For each a worker in a memory cgroup of so many MiB
    #[arg(long = "limited")]
    limited: Vec<u64>,
    /// Whatever makes something fail is left out
    #[arg(long)]
    no_faults: bool,
    /// A worker that does nothing for so many seconds hangs
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// Where to mount
    #[arg(long, default_value = "/run/cofs-stress")]
    dir: PathBuf,
}

/// Runs it all: whether nothing was wrong.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let started = Instant::now();
    std::fs::create_dir_all(&options.dir).text(|| format!("mkdir {}", options.dir.display()))?;
    let path = options.dir.join("counts");
    let _ = std::fs::remove_file(&path);
    let counts = Counts::open(&path)?;
    let (mut slots, mut arguments) = (
        Vec::new(),
        vec!["--counts".to_string(), path.display().to_string()],
    );
    for (number, image) in options.images.iter().enumerate() {
        let (list, source) = image
            .rsplit_once(':')
            .ok_or_else(|| format!("{image} is no LIST:SOURCE"))?;
        let slot = Slot::new(number, Path::new(source), &options.dir)?;
        arguments.extend(["--slot".into(), format!("{list}:{}", slot.dir.display())]);
        slots.push(slot);
    }
    let faults = match options.no_faults {
        true => None,
        false => Some(Faults::new(&options.shaky, &options.disks)?),
    };
    if faults.is_some() {
        arguments.push("--may-fail".into());
    }
    let kind = Kind {
        name: options.kind.clone(),
        shares: options.kind == "cofs",
    };
    let groups = Groups::new(&options.limited)?;
    println!(
        "# seed {}, {} images, {} workers",
        options.seed,
        slots.len(),
        options.workers + options.limited.len()
    );

    let starter = Starter {
        arguments: arguments.clone(),
        seed: options.seed,
        groups: &groups,
        patience: Duration::from_secs(options.patience),
    };
    let mut result = Ok(());
    thread::scope(|scope| {
        let rng = |number: u64| Rng::with_seed(options.seed.wrapping_add(number << 32));
        let (counts, slots, kind) = (&counts, &slots, &kind);
        scope.spawn(move || drop_caches(counts, &mut rng(1)));
        scope.spawn(move || hotplug(counts, &mut rng(2)));
        if let Some(faults) = &faults {
            scope.spawn(move || stop_on_error(counts, faults.run(counts, &mut rng(3))));
        }
        for mounter in 4..6 {
            scope.spawn(move || {
                come_and_go(slots, kind, counts, &mut rng(mounter), options.no_faults)
            });
        }
        result = work(&starter, options, counts, started);
        counts.stop();
    });
    result?;
    last_look(&slots, &kind, &counts, &arguments, options.seed)?;
    report(&counts, &groups, started);
    let bad = [Count::Wrong, Count::Unexpected, Count::Hung];
    Ok(bad.iter().all(|count| counts.get(*count) == 0))
}

fn stop_on_error(counts: &Counts, result: Result<()>) {
    if let Err(error) = result {
        println!("# {error}");
        counts.add(Count::Unexpected, 1);
        counts.stop();
    }
}

/// The workers, for as long as it takes.
fn work(starter: &Starter<'_>, options: &Options, counts: &Counts, started: Instant) -> Result<()> {
    let all = (options.workers + options.limited.len()).min(WORKERS);
    let mut workers = (0..all)
        .map(|number| starter.start(number, number.checked_sub(options.workers), 0))
        .collect::<Result<Vec<_>>>()?;
    let mut shown = 0;
    while started.elapsed().as_secs() < options.seconds && !counts.stopped() {
        starter.watch(&mut workers, counts)?;
        thread::sleep(Duration::from_millis(100));
        if started.elapsed().as_secs() / 60 > shown {
            shown += 1;
            println!(
                "# {shown} min: {} MiB, {} umounts",
                counts.get(Count::Bytes) >> 20,
                counts.get(Count::Umounts)
            );
        }
    }
    counts.stop();
    starter.join(workers, counts);
    Ok(())
}

/// Mounts and unmounts in any order.
fn come_and_go(slots: &[Slot], kind: &Kind, counts: &Counts, rng: &mut Rng, no_faults: bool) {
    if !no_faults {
        let _ = std::fs::write("/proc/thread-self/make-it-fail", "1");
    }
    while !counts.stopped() {
        let start = now();
        settle(
            counts,
            start,
            slots[rng.usize(..slots.len())].disturb(kind, counts, rng),
        );
        thread::sleep(Duration::from_millis(rng.u64(..120)));
    }
}

fn settle(counts: &Counts, start: u64, step: Step) {
    match step {
        Ok(_) | Err(Trouble::Gone) => {}
        Err(trouble) => counts.met(start, "", trouble),
    }
}

/// When all is quiet every file of every image is read once more, and all is unmounted.
fn last_look(
    slots: &[Slot],
    kind: &Kind,
    counts: &Counts,
    arguments: &[String],
    seed: u64,
) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    let of_slots: Vec<String> = arguments
        .windows(2)
        .filter(|pair| pair[0] == "--slot")
        .map(|pair| pair[1].clone())
        .collect();
    let (goldens, places) = places(&of_slots)?;
    // What happens now has no excuse.
    thread::sleep(Duration::from_millis(1600));
    for (slot, Place { golden, dir }) in slots.iter().zip(&places) {
        settle(counts, now(), slot.ensure(kind, counts, &mut rng));
        let golden: &Golden = &goldens[*golden];
        for file in &golden.files {
            match whole(file, dir) {
                Ok(bytes) => counts.add(Count::Bytes, bytes),
                trouble => settle(counts, now(), trouble),
            }
        }
    }
    let mut order: Vec<&Slot> = slots.iter().collect();
    rng.shuffle(&mut order);
    for slot in order {
        settle(counts, now(), slot.end(counts, &mut rng));
    }
    Ok(())
}

fn report(counts: &Counts, groups: &Groups, started: Instant) {
    let mut operations = 0;
    let mut ways = Vec::new();
    for (number, way) in WAYS.iter().enumerate() {
        operations += counts.done(number);
        ways.push(format!("{}={}", way.name, counts.done(number)));
    }
    println!("ways {}", ways.join(" "));
    let get = |count| counts.get(count);
    let injected = [
        Count::DeviceFaults,
        Count::SlabFaults,
        Count::PageFaults,
        Count::RequestFaults,
    ];
    let lines = [
        ("seconds", started.elapsed().as_secs()),
        ("operations", operations),
        ("bytes", get(Count::Bytes)),
        ("mounts", get(Count::Mounts)),
        ("umounts", get(Count::Umounts) + get(Count::Detached)),
        ("umounts-lazy", get(Count::Detached)),
        ("mounts-refused", get(Count::Refused)),
        ("remounts", get(Count::Remounts)),
        ("caches-dropped", get(Count::Drops)),
        ("cpus-taken", get(Count::Hotplugs)),
        ("memory-limits-hit", groups.at_limit()),
        ("faults", injected.iter().map(|count| get(*count)).sum()),
        ("faults-of-devices", get(Count::DeviceFaults)),
        ("faults-of-slab", get(Count::SlabFaults)),
        ("faults-of-pages", get(Count::PageFaults)),
        ("faults-of-requests", get(Count::RequestFaults)),
        ("errors-by-faults", get(Count::Excused)),
        ("workers-killed-by-faults", get(Count::Died)),
        ("errors-without", get(Count::Unexpected)),
        ("hangs", get(Count::Hung)),
        ("wrong", get(Count::Wrong)),
    ];
    for (name, value) in lines {
        println!("{name} {value}");
    }
}
