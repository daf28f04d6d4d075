// SPDX-License-Identifier: GPL-2.0
//! Seeded changes to an image, most of them in its structures: a byte anywhere is nearly always
//! one of some file's content.

mod compressed;

use std::collections::HashSet;
use std::ops::Range;

use cofs_core::format::chunk::Unit;
use cofs_core::format::superblock::COMPAT_PLAIN_XATTR_PFX;
use cofs_core::pages::{self, Memory};
use cofs_core::{data, map, readdir, Inode, Kind, Layout, Place, SuperBlock};

use crate::Random;

const SUPER: usize = 1024;
const MAGIC_LEN: usize = 4;

/// What may be changed, in the order of [`Regions::list`].
const KINDS: [&str; 15] = [
    "super", "device", "prefix", "inode", "xattr", "shared", "chunk", "entry", "inline", "header",
    "index", "pack", "extent", "config", "cluster",
];
const DEVICE: usize = 1;
const PREFIX: usize = 2;
const INODE: usize = 3;
const XATTR: usize = 4;
const SHARED: usize = 5;
const CHUNK: usize = 6;
const ENTRY: usize = 7;
const INLINE: usize = 8;
const HEADER: usize = 9;
const INDEX: usize = 10;
const PACK: usize = 11;
const EXTENT: usize = 12;
const CONFIG: usize = 13;
const CLUSTER: usize = 14;

/// Where the structures of a sound image lie.
pub struct Regions {
    /// By kind, each structure apart.
    list: [Vec<Range<usize>>; KINDS.len()],
    /// There is an algorithm of which decoders see broken data differently.
    streams: bool,
}

impl Regions {
    /// Looks through the whole tree; what it cannot read it leaves out.
    pub fn of(image: &[u8]) -> Regions {
        let mut whole = image.to_vec();
        whole.resize(image.len().next_multiple_of(4096), 0);
        let mut regions = Regions {
            list: Default::default(),
            streams: false,
        };
        regions.list[0].push(SUPER + MAGIC_LEN..SUPER + 144);
        if let Ok(sb) = SuperBlock::read_any(&Memory(&whole), |_, _| 0) {
            let algorithms = sb.algorithms();
            regions.streams = algorithms.lzma_dict_size.is_some()
                || algorithms.deflate_window_bits.is_some()
                || algorithms.zstd_window_log.is_some();
            Finder {
                pages: Memory(&whole),
                sb: &sb,
                decoded: crate::Image::new(whole.clone(), |_, _| 0).ok(),
                end: image.len(),
                regions: &mut regions,
            }
            .image();
        }
        regions
    }

    /// Whether bytes that are decoded by streams differ in `mutant`: their decoders agree about what
    /// is sound, but not always about where what is not ends.
    pub fn streams_differ(&self, whole: &[u8], mutant: &[u8]) -> bool {
        let differ = |range: &Range<usize>| whole[range.clone()] != mutant[range.clone()];
        self.streams && self.list[CLUSTER].iter().any(differ)
    }

    /// "KIND=COUNT ...".
    pub fn summary(&self) -> String {
        let words = KINDS.iter().zip(&self.list);
        let words = words.map(|(kind, list)| format!("{kind}={}", list.len()));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Somewhere in a structure of a kind that is drawn first, so that each kind gets its share.
    fn draw(&self, random: &mut Random) -> &Range<usize> {
        let there: Vec<_> = self.list.iter().filter(|list| !list.is_empty()).collect();
        let list = there[random.below(there.len() as u64) as usize];
        &list[random.below(list.len() as u64) as usize]
    }
}

struct Finder<'a> {
    pages: Memory<'a>,
    sb: &'a SuperBlock,
    /// Reads directories that are compressed.
    decoded: Option<crate::Image>,
    end: usize,
    regions: &'a mut Regions,
}

impl Finder<'_> {
    fn add(&mut self, kind: usize, pos: u64, len: u64) {
        let (start, end) = (pos as usize, pos.saturating_add(len) as usize);
        if start < end && end <= self.end {
            self.regions.list[kind].push(start..end);
        }
    }

    fn bytes<const N: usize>(&self, pos: u64) -> [u8; N] {
        let mut out = [0; N];
        let _ = pages::fill(&self.pages, pos, &mut out);
        out
    }

    fn image(&mut self) {
        for index in 0..u64::from(self.sb.extra_devices()) {
            self.add(DEVICE, self.sb.device_table_pos() + 128 * index, 128);
        }
        self.prefixes();
        self.configs();
        let mut seen = HashSet::new();
        let mut todo = vec![self.sb.root_nid(), self.sb.packed_nid()];
        todo.extend(self.sb.metabox_nid());
        while let Some(nid) = todo.pop() {
            if !seen.insert(nid) {
                continue;
            }
            if let Ok(inode) = Inode::read(&self.pages, self.sb, nid) {
                self.inode(&inode, &mut todo);
            }
        }
    }

    /// The table's records: a length of two bytes, then as much, from one aligned place to the next.
    fn prefixes(&mut self) {
        let mut at = self.sb.xattr_prefix_pos();
        for _ in 0..self.sb.xattr_prefix_count() {
            let mut pos = at;
            if !self.sb.has_compat(COMPAT_PLAIN_XATTR_PFX) && self.sb.packed_nid() != 0 {
                let packed = Inode::read(&self.pages, self.sb, self.sb.packed_nid());
                let Ok(packed) = packed else { return };
                let Ok(extent) = map(&self.pages, self.sb, &packed, at, 2) else {
                    return;
                };
                let (Place::Device { pos: there, .. } | Place::Meta { pos: there }) = extent.place
                else {
                    return;
                };
                pos = there;
            }
            let len = 2 + u64::from(u16::from_le_bytes(self.bytes(pos)));
            self.add(PREFIX, pos, len);
            at = (at + len).next_multiple_of(4);
        }
    }

    fn inode(&mut self, inode: &Inode, todo: &mut Vec<u64>) {
        if let Ok(pos) = self.sb.inode_pos(inode.nid()) {
            self.add(INODE, pos, inode.xattr_pos() - pos);
        }
        self.attributes(inode);
        if let Layout::Chunk {
            bits,
            indexes,
            wide,
            start_pos,
        } = inode.layout()
        {
            let count = inode.size().div_ceil(1 << bits);
            self.add(CHUNK, start_pos, count * Unit::new(indexes, wide).size());
        }
        self.compressed(inode);
        let kind = if inode.kind() == Kind::Directory {
            let mut entries = vec![0; inode.size().next_multiple_of(4096) as usize];
            let size = inode.size();
            let whole = &mut entries[..size as usize];
            let _ = match (&self.decoded, inode.layout()) {
                (Some(image), Layout::Compressed { .. }) => image.read(inode, 0, whole),
                _ => data::read(&self.pages, self.sb, inode, 0, whole),
            };
            let _ = readdir(&Memory(&entries), self.sb, size, 0, |entry| {
                todo.push(entry.nid);
                true
            });
            ENTRY
        } else {
            INLINE
        };
        let mut offset = 0;
        while offset < inode.size() {
            let Ok(extent) = map(&self.pages, self.sb, inode, offset, inode.size() - offset) else {
                return;
            };
            match extent.place {
                Place::Device { pos, .. } if kind == ENTRY => self.add(kind, pos, extent.len),
                Place::Meta { pos } => self.add(kind, pos, extent.len),
                _ => {}
            }
            offset += extent.len;
        }
    }

    /// The header with the numbers of shared entries, the entries behind it, and those shared.
    fn attributes(&mut self, inode: &Inode) {
        if inode.xattr_size() == 0 {
            return;
        }
        self.add(XATTR, inode.xattr_pos(), inode.xattr_size());
        let [_, _, _, _, shared, ..] = self.bytes::<12>(inode.xattr_pos());
        let Ok(area) = self.sb.shared_xattr_pos() else {
            return;
        };
        for number in 0..u64::from(shared) {
            let id = u32::from_le_bytes(self.bytes(inode.xattr_pos() + 12 + 4 * number));
            let pos = area + 4 * u64::from(id);
            let [name, _, low, high] = self.bytes::<4>(pos);
            let value = u64::from(u16::from_le_bytes([low, high]));
            self.add(SHARED, pos, 4 + u64::from(name) + value);
        }
    }
}

/// Numbers that limits are made of.
const EDGES: [u64; 8] = [
    0,
    1,
    u64::MAX,
    i64::MAX as u64,
    1 << 62,
    0xffff_ffff,
    0x7fff_ffff,
    0x8000_0000_0000_0000,
];

/// A field of `size` bytes in `place`: such lie at multiples of their size.
fn field(place: &Range<usize>, size: usize, random: &mut Random) -> usize {
    let at = place.start + random.below(place.len() as u64) as usize;
    at & !(size - 1)
}

fn number(image: &[u8], at: usize, size: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes[..size].copy_from_slice(&image[at..][..size]);
    u64::from_le_bytes(bytes)
}

/// One to four changes, each in a structure, or one time in eight anywhere behind the magic number.
pub fn mutate(whole: &[u8], regions: &Regions, seed: u64) -> Vec<u8> {
    let anywhere = SUPER + MAGIC_LEN..image_end(whole);
    let mut image = whole.to_vec();
    let mut random = Random::new(seed);
    for _ in 0..1 + random.below(4) {
        let place = match random.below(8) {
            0 => &anywhere,
            _ => regions.draw(&mut random),
        };
        let size = 1usize << random.below(4);
        let at = field(place, size, &mut random);
        let old = number(&image, at, size);
        let new = match random.below(6) {
            0 => old ^ (1 << random.below(8 * size as u64)),
            1 => random.next(),
            2 => EDGES[random.below(EDGES.len() as u64) as usize],
            3 => old.wrapping_add(1),
            4 => old.wrapping_sub(1),
            // What another structure has there: links to the wrong place, and loops.
            _ => {
                let from = field(regions.draw(&mut random), size, &mut random);
                number(&image, from, size)
            }
        };
        image[at..][..size].copy_from_slice(&new.to_le_bytes()[..size]);
    }
    // The magic number may have been in a field that was changed.
    image[SUPER..][..MAGIC_LEN].copy_from_slice(&whole[SUPER..][..MAGIC_LEN]);
    image
}

/// Where the last field that is whole ends.
fn image_end(image: &[u8]) -> usize {
    image.len() & !7
}
