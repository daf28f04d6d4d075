// SPDX-License-Identifier: GPL-2.0
//! A process that reads what is mounted, in every way, until it is told to stop.

use std::path::{Path, PathBuf};

use clap::Args;
use fastrand::Rng;
use rustix::process::{set_parent_process_death_signal, Signal};

use crate::counts::{now, Counts};
use crate::golden::{File, Golden};
use crate::trouble::{Context, Result, Step, Trouble};
use crate::ways::{State, WAYS};

/// For as long as this many workers look at the same file first, in milliseconds.
const HOT: u64 = 700;

/// In the environment, the memory cgroup that it enters before it reads.
pub(crate) const GROUP: &str = "STRESS_GROUP";

#[derive(Args)]
pub(crate) struct Options {
    /// Its number, from 0
    #[arg(long)]
    pub(crate) number: usize,
    #[arg(long)]
    pub(crate) seed: u64,
    /// The file with the counts
    #[arg(long)]
    pub(crate) counts: PathBuf,
    /// LIST:DIR, where images with that golden list are mounted
    #[arg(long = "slot", required = true)]
    pub(crate) slots: Vec<String>,
    /// The kernel fails this one's allocations when allocations fail
    #[arg(long)]
    pub(crate) may_fail: bool,
}

/// Where an image is mounted, and what it must hold.
pub(crate) struct Place {
    pub(crate) golden: usize,
    pub(crate) dir: PathBuf,
}

/// The lists, each loaded once, and who uses which.
pub(crate) fn places(slots: &[String]) -> Result<(Vec<Golden>, Vec<Place>)> {
    let (mut names, mut goldens, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for slot in slots {
        let (list, dir) = slot
            .rsplit_once(':')
            .ok_or_else(|| format!("{slot} is no LIST:DIR"))?;
        let golden = match names.iter().position(|name| *name == list) {
            Some(golden) => golden,
            None => {
                names.push(list);
                goldens.push(Golden::load(Path::new(list))?);
                names.len() - 1
            }
        };
        places.push(Place {
            golden,
            dir: dir.into(),
        });
    }
    Ok((goldens, places))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
    let counts = Counts::open(&options.counts)?;
    let (goldens, places) = places(&options.slots)?;
    let mut state = State::new(Rng::with_seed(options.seed));
    // What it has needed so far is not the group's.
    if let Some(dir) = std::env::var_os(GROUP) {
        let procs = Path::new(&dir).join("cgroup.procs");
        std::fs::write(&procs, "0").text(|| format!("write {}", procs.display()))?;
    }
    if options.may_fail {
        // Absent without fault injection, and then nothing fails.
        let _ = std::fs::write("/proc/self/make-it-fail", "1");
    }
    while !counts.stopped() {
        let place = &places[state.rng.usize(..places.len())];
        let golden = &goldens[place.golden];
        let way = choose(&mut state.rng);
        let file = pick(golden, &mut state.rng);
        counts.begins(options.number, way);
        let start = now();
        let step = (WAYS[way].step)(&mut state, golden, file, &place.dir);
        judge(&counts, way, start, step);
    }
    Ok(())
}

fn choose(rng: &mut Rng) -> usize {
    let all: u32 = WAYS.iter().map(|way| way.weight).sum();
    let mut number = rng.u32(..all);
    WAYS.iter()
        .position(|way| {
            let here = number < way.weight;
            number = number.wrapping_sub(way.weight);
            here
        })
        .unwrap_or_default()
}

/// Half of the time what the others look at now, so that they meet.
fn pick<'a>(golden: &'a Golden, rng: &mut Rng) -> &'a File {
    let number = match rng.bool() {
        true => Rng::with_seed(now() / HOT).usize(..golden.files.len()),
        false => rng.usize(..golden.files.len()),
    };
    &golden.files[number]
}

/// Counts how an operation ended.
fn judge(counts: &Counts, way: usize, start: u64, step: Step) {
    match step {
        Ok(bytes) => counts.did(way, bytes),
        Err(trouble) => {
            if matches!(trouble, Trouble::Gone) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            counts.met(start, &format!("{}: ", WAYS[way].name), trouble);
        }
    }
}
