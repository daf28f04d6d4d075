// SPDX-License-Identifier: GPL-2.0
//! probe: looks at a mounted filesystem from user space, for the tests in tests/.

mod against;
mod calls;
mod clusters;
mod compressed;
mod content;
mod damage;
mod diff;
mod error;
mod fserror;
mod hammer;
mod heads;
mod image;
mod lazy;
mod linger;
mod manifest;
mod mapped;
mod memory;
mod mounting;
mod options;
mod overlap;
mod pair;
mod pattern;
mod poison;
mod program;
mod refuse;
mod scatter;
mod short;
mod source;
mod special;
mod squeeze;
mod sys;
mod tree;
mod uncached;
mod unload;
mod uprobe;
mod vast;
mod verity;
mod walk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use error::Result;

const USAGE: &str = "usage: probe COMMAND ...
  tree KIND DIR                     make the source tree KIND in DIR
  mount TYPE OPTIONS SOURCE DIR     mount; a regular file gets a loop device,
                                    unless BACKED_BY_FILE is set
  mount2 TYPE OPTIONS SOURCE DIR    the same by mount(2), the source as it is
  umount DIR
  remount OPTIONS DIR
  dump DIR                          every name of a tree, one line each
  manifest DIR|IMAGE [DEVICE...]    the same with digests; of an image without a mount
  source DIR                        a tree as an image of it must show it
  is-source TYPE IMAGE LIST         whether it does: LIST is what `source` printed
  diff TYPE REFERENCE OPTIONS IMAGE [DEVICE...]   one image on two filesystems, with the
                                    options BOTH of the environment on either
  damage TYPE REFERENCE IMAGE       the same over an image with known faults
  mutants TYPE REFERENCE|none IMAGE FIRST COUNT [DEVICE...]   seeded ones, by the reader too
  mutant IMAGE COPY SEED            one of them
  reader REFERENCE IMAGE [DEVICE...]   the reader against a filesystem; it reads compressed
                                    files if DECODED is set
  damage-cases IMAGE                how many faults are known
  special TYPE REFERENCE IMAGE      the same with special inodes that are none
  special-cases IMAGE               how many of those there are
  vast TYPE IMAGE SECONDS           a file near 2^63 bytes: every answer, in time
  vast-kill TYPE IMAGE BYTES        endless calls on such a file can be killed
  vast-sizes                        how many sizes there are
  damage-one IMAGE COPY CASE        a copy with one of them
  options GROUP TYPE IMAGE ROUNDS   hostile options: forms, combined, old, reconfigured
  cuts TYPE IMAGE STEP              cut at each multiple of STEP
  failing TYPE DEVICE IMAGE         a device that fails in places, which holds IMAGE
  corrupt IMAGE COPY OFFSET         a copy with one byte inverted
  compressed TYPE REFERENCE IMAGE   compressed files are refused, others equal
  consume WAY PATH                  read it all by read, mmap, sendfile, splice or copy
  behind PATH                       zeros between the end of files and that of their last page
  cached FILE                       its pages in the page cache
  touch read|run FILE PAGE...       its pages in the page cache once these of a mapping were touched
  folios FILE                       its pages in large folios
  samepage FILE FILE                the pages that both files have in common
  preadv2 FLAG FILE                 it all at once, with nowait, direct-nowait or dontcache
  direct FILE                       what is said of O_DIRECT, and how it reads
  lease-label FILE                  take a read lease, ask for the volume's label
  clusters IMAGE PATH               where the clusters of a file are
  second-heads IMAGE                make every other cluster one of the second algorithm
  unreadable FILE OFFSET LEN        the pages around there that reading gives an error for
  evict FILE                        posix_fadvise(POSIX_FADV_DONTNEED)
  ahead FILE                        posix_fadvise(POSIX_FADV_WILLNEED) for all of it
  fserror DIR... -- COMMAND...      what fanotify tells of errors while it runs
  hammer TYPE OPTIONS STAYS GOES LOOPS
  outlive TYPE OPTIONS GOES STAYS
  cycle TYPE OPTIONS SOURCE LOOPS
  overlap FILE THREADS SECONDS SEED [GOLDEN]   read it in every way at once; GOLDEN has its bytes
  scatter FILE COUNT                read as many pages, each apart from the others
  ring FILE COUNT                   the same by io_uring: what is done at once
  verity IMAGE HASHES               dm-verity's hashes of it, and the end of its table
  fs-verity FILE                    give it that
  squeeze MIB SECONDS               take all memory but so much
  order GROUP ORDER TYPE OPTIONS A B   one order of events on the sharing pair: see the module
                                    GROUP for its orders (uprobe, mapped, lazy, poison,
                                    calls, unload, linger)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            println!("probe: {message}");
            ExitCode::from(2)
        }
    }
}

/// Ok(false) is a check that ran and found a fault.
fn run(words: &[&str]) -> Result<bool> {
    match words {
        ["tree", kind, dir] => tree::make(kind, Path::new(dir)).map(|()| true),
        ["mount", kind, options, source, dir] => {
            let (device, _loop) = mounting::block_device(Path::new(source))?;
            mounting::attach_soon(kind, options, &device, &PathBuf::from(dir))
                .map(|()| true)
                .map_err(|refusal| refusal.to_string())
        }
        ["mount2", kind, options, source, dir] => {
            mounting::by_mount(kind, options, source, Path::new(dir)).map(|()| true)
        }
        ["umount", dir] => mounting::detach(Path::new(dir)).map(|()| true),
        ["remount", options, dir] => mounting::remount(options, Path::new(dir)).map(|()| true),
        ["dump", dir] => {
            println!("{}", walk::statfs(Path::new(dir))?);
            for node in walk::walk(Path::new(dir))? {
                println!("{}", node.line);
            }
            Ok(true)
        }
        ["manifest", source, devices @ ..] => manifest::print(Path::new(source), devices),
        ["source", dir] => source::print(Path::new(dir)).map(|()| true),
        ["is-source", kind, image, list] => {
            source::compare(kind, Path::new(image), Path::new(list))
        }
        ["reader", reference, image, devices @ ..] => {
            damage::reader(reference, Path::new(image), devices)
        }
        ["diff", subject, reference, options, image, devices @ ..] => {
            diff::run(subject, reference, options, Path::new(image), devices)
        }
        ["damage", subject, reference, image] => {
            damage::known(subject, reference, Path::new(image))
        }
        ["damage-cases", image] => damage::count(Path::new(image)).map(|()| true),
        ["special", subject, reference, image] => {
            special::run(subject, reference, Path::new(image))
        }
        ["special-cases", image] => special::count(Path::new(image)).map(|()| true),
        ["vast", kind, image, seconds] => {
            let limit = std::time::Duration::from_secs(number(seconds)?);
            vast::run(kind, Path::new(image), limit)
        }
        ["vast-kill", kind, image, bytes] => {
            vast::kill(kind, Path::new(image), number(bytes)?).map(|()| true)
        }
        ["vast-sizes"] => {
            println!("{}", vast::count());
            Ok(true)
        }
        ["damage-one", image, copy, case] => {
            damage::one(Path::new(image), Path::new(copy), case).map(|()| true)
        }
        ["fserror", words @ ..] => {
            let at = words.iter().position(|w| *w == "--").ok_or(USAGE)?;
            fserror::run(&words[..at], &words[at + 1..]).map(|()| true)
        }
        ["options", group, kind, image, rounds] => {
            options::run(group, kind, Path::new(image), number(rounds)?)
        }
        ["verity", image, hashes] => {
            println!("{}", verity::tree(Path::new(image), Path::new(hashes))?);
            Ok(true)
        }
        ["fs-verity", file] => verity::enable(Path::new(file)).map(|()| true),
        ["cuts", kind, image, step] => short::cuts(kind, Path::new(image), number(step)? as usize),
        ["failing", kind, device, image] => {
            short::failing(kind, Path::new(device), Path::new(image))
        }
        ["corrupt", image, copy, offset] => {
            damage::corrupt(Path::new(image), Path::new(copy), number(offset)?).map(|()| true)
        }
        ["compressed", subject, reference, image] => {
            compressed::run(subject, reference, Path::new(image))
        }
        ["mutants", subject, reference, image, first, count, devices @ ..] => {
            let seeds = number(first)?..number(first)? + number(count)?;
            damage::seeded(subject, reference, Path::new(image), devices, seeds)
        }
        ["mutant", image, copy, seed] => {
            damage::mutant(Path::new(image), Path::new(copy), number(seed)?).map(|()| true)
        }
        ["consume", way, path] => memory::consume(way, Path::new(path)).map(|()| true),
        ["behind", path] => memory::behind(Path::new(path)).map(|()| true),
        ["cached", file] => memory::cached(Path::new(file)).map(|()| true),
        ["touch", way, file, pages @ ..] => {
            memory::touch(way, Path::new(file), pages).map(|()| true)
        }
        ["folios", file] => memory::folios(Path::new(file)).map(|()| true),
        ["samepage", one, other] => {
            memory::same_pages(Path::new(one), Path::new(other)).map(|()| true)
        }
        ["preadv2", flag, file] => memory::read_with(flag, Path::new(file)).map(|()| true),
        ["direct", file] => uncached::print(Path::new(file)).map(|()| true),
        ["lease-label", file] => memory::lease_label(Path::new(file)).map(|()| true),
        ["ahead", file] => memory::ahead(Path::new(file)).map(|()| true),
        ["second-heads", image] => heads::second(Path::new(image)).map(|()| true),
        ["clusters", image, path] => {
            clusters::print(Path::new(image), Path::new(path)).map(|()| true)
        }
        ["unreadable", file, at, len] => {
            clusters::unreadable(Path::new(file), number(at)?, number(len)?).map(|()| true)
        }
        ["evict", file] => memory::evict(Path::new(file)).map(|()| true),
        ["hammer", kind, options, stays, goes, loops] => hammer::run(
            kind,
            options,
            Path::new(stays),
            Path::new(goes),
            number(loops)?,
        )
        .map(|()| true),
        ["outlive", kind, options, goes, stays] => {
            hammer::outlive(kind, options, Path::new(goes), Path::new(stays)).map(|()| true)
        }
        ["cycle", kind, options, source, loops] => {
            hammer::cycle(kind, options, Path::new(source), number(loops)?).map(|()| true)
        }
        ["overlap", file, threads, seconds, seed, golden @ ..] => overlap::run(
            Path::new(file),
            number(threads)?,
            number(seconds)?,
            number(seed)?,
            golden.first().map(Path::new),
        )
        .map(|()| true),
        ["scatter", file, count] => scatter::run(Path::new(file), number(count)?).map(|()| true),
        ["ring", file, count] => scatter::by_ring(Path::new(file), number(count)?).map(|()| true),
        ["squeeze", leave, seconds] => {
            squeeze::run(number(leave)?, number(seconds)?).map(|()| true)
        }
        ["order", group, order, kind, options, a, b] => {
            let (a, b) = (Path::new(a), Path::new(b));
            let setup = pair::Setup {
                kind,
                options,
                a,
                b,
            };
            match *group {
                "uprobe" => uprobe::run(order, &setup),
                "mapped" => mapped::run(order, &setup),
                "lazy" => lazy::run(order, &setup),
                "linger" => linger::run(order, &setup),
                "poison" => poison::run(order, &setup),
                "calls" => calls::run(order, &setup),
                "unload" => unload::run(order, &setup),
                _ => Err(USAGE.to_string()),
            }
            .and_then(|()| pair::nothing_mounted())
            .map(|()| true)
        }
        _ => Err(USAGE.to_string()),
    }
}

fn number(word: &str) -> Result<u64> {
    word.parse().map_err(|_| format!("{word} is not a number"))
}
