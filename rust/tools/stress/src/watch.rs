// SPDX-License-Identifier: GPL-2.0
//! The workers as processes: started, watched, started again when a fault has killed them.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::counts::{now, Count, Counts};
use crate::disturb::Groups;
use crate::trouble::{Context, Result};
use crate::ways::WAYS;
use crate::worker;

pub(crate) struct Worker {
    number: usize,
    group: Option<usize>,
    child: Child,
    generation: u64,
    seen: (u64, Instant),
    /// The last time that it was seen to work, for what may excuse its death.
    alive: u64,
}

/// How to start one: its arguments but for its number and seed, and what the seeds begin with.
pub(crate) struct Starter<'a> {
    pub(crate) arguments: Vec<String>,
    pub(crate) seed: u64,
    pub(crate) groups: &'a Groups,
    pub(crate) patience: Duration,
}

impl Starter<'_> {
    /// `group` is the memory cgroup that it is in.
    pub(crate) fn start(
        &self,
        number: usize,
        group: Option<usize>,
        generation: u64,
    ) -> Result<Worker> {
        let seed = self
            .seed
            .wrapping_mul(1_000_003)
            .wrapping_add(number as u64 + 1000 * generation);
        let program = std::env::current_exe().text(|| "current_exe".into())?;
        let mut command = Command::new(program);
        if let Some(dir) = group.and_then(|group| self.groups.dir(group)) {
            command.env(worker::GROUP, dir);
        }
        let child = command
            .arg("worker")
            .args(["--number", &number.to_string(), "--seed", &seed.to_string()])
            .args(&self.arguments)
            .spawn()
            .text(|| "start a worker".into())?;
        Ok(Worker {
            number,
            group,
            child,
            generation,
            seen: (0, Instant::now()),
            alive: now(),
        })
    }

    /// Looks after all of them once: who has died is started again, who hangs is counted and shown.
    pub(crate) fn watch(&self, workers: &mut [Worker], counts: &Counts) -> Result<()> {
        for worker in workers {
            if let Some(status) = worker.child.try_wait().text(|| "wait".into())? {
                let excused = counts.excused_since(worker.alive);
                counts.add(
                    if excused {
                        Count::Died
                    } else {
                        Count::Unexpected
                    },
                    1,
                );
                if !excused || status.signal().is_none() {
                    println!("# worker {} ended with {status}", worker.number);
                }
                *worker = self.start(worker.number, worker.group, worker.generation + 1)?;
                continue;
            }
            let (begun, way) = counts.progress(worker.number);
            if begun != worker.seen.0 {
                worker.seen = (begun, Instant::now());
            } else if worker.seen.1.elapsed() > self.patience {
                counts.add(Count::Hung, 1);
                println!("# worker {} hangs: {}", worker.number, WAYS[way].name);
                worker.show();
                counts.stop();
                return Ok(());
            }
            worker.alive = now();
        }
        Ok(())
    }

    /// Waits for all to end: false if some do not.
    pub(crate) fn join(&self, mut workers: Vec<Worker>, counts: &Counts) -> bool {
        let end = Instant::now() + self.patience;
        while !workers.is_empty() {
            workers.retain_mut(|worker| !matches!(worker.child.try_wait(), Ok(Some(_))));
            if Instant::now() > end {
                for worker in &mut workers {
                    counts.add(Count::Hung, 1);
                    println!("# worker {} does not end", worker.number);
                    worker.show();
                }
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Worker {
    /// Where its threads are in the kernel.
    fn show(&self) {
        let tasks = format!("/proc/{}/task", self.child.id());
        for task in fs::read_dir(tasks).into_iter().flatten().flatten() {
            let stack = fs::read_to_string(task.path().join("stack")).unwrap_or_default();
            for line in stack.lines() {
                println!("#   {line}");
            }
        }
    }
}
