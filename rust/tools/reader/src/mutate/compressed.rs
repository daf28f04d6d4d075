// SPDX-License-Identifier: GPL-2.0
//! The structures of compressed files: headers, indexes of each form, clusters.

use cofs_core::compressed::{self, Reach, Source};
use cofs_core::format::cluster::{ADVISE_EXTENTS, FULL_ENTRY_SIZE, FULL_INDEX_GAP, HEADER_SIZE};
use cofs_core::{Inode, Layout, Place};

use super::{Finder, CLUSTER, CONFIG, EXTENT, HEADER, INDEX, PACK, SUPER};

/// In the superblock: records of algorithms follow it.
const INCOMPAT_COMPR_CFGS: u32 = 2;
/// Of one file.
const MOST_CLUSTERS: usize = 1000;
const MOST_EXTENTS: u64 = 1000;

impl Finder<'_> {
    /// Records of 2 bytes and as many as these say, one for each algorithm.
    pub(super) fn configs(&mut self) {
        let [features @ .., _, _, _, _] = self.bytes::<8>(SUPER as u64 + 80);
        if u32::from_le_bytes(features) & INCOMPAT_COMPR_CFGS == 0 {
            return;
        }
        let [slots] = self.bytes::<1>(SUPER as u64 + 13);
        let [algorithms] = self.bytes::<1>(SUPER as u64 + 84);
        let mut pos = SUPER as u64 + 128 + 16 * u64::from(slots);
        for _ in 0..algorithms.count_ones() {
            let len = 2 + u64::from(u16::from_le_bytes(self.bytes(pos)));
            self.add(CONFIG, pos, len);
            pos += len;
        }
    }

    pub(super) fn compressed(&mut self, inode: &Inode) {
        let Layout::Compressed {
            compact,
            header_pos,
        } = inode.layout()
        else {
            return;
        };
        self.add(HEADER, header_pos, HEADER_SIZE);
        let [count @ .., low, high, _, bits] = self.bytes::<8>(header_pos);
        let advise = u16::from_le_bytes([low, high]);
        let lcluster = self.sb.block_size() << (bits & 15);
        let entries = inode.size().div_ceil(lcluster);
        // The highest bit says that the whole file is a fragment.
        if bits & 0x80 != 0 {
        } else if compact {
            self.add(PACK, header_pos + HEADER_SIZE, 2 * entries);
        } else if advise & ADVISE_EXTENTS != 0 {
            let size = 4 << ((advise >> 1) & 3);
            let start = (header_pos + HEADER_SIZE).next_multiple_of(size);
            for number in 0..u64::from(u32::from_le_bytes(count)).min(MOST_EXTENTS) {
                self.add(EXTENT, start + size * number, size);
            }
        } else {
            let start = header_pos + HEADER_SIZE + FULL_INDEX_GAP;
            for number in 0..entries {
                self.add(INDEX, start + FULL_ENTRY_SIZE * number, FULL_ENTRY_SIZE);
            }
        }
        self.clusters(inode);
    }

    fn clusters(&mut self, inode: &Inode) {
        let Ok(file) = compressed::File::read(&self.pages, self.sb, inode) else {
            return;
        };
        let mut found = Vec::new();
        let mut finder = compressed::Finder::new(&self.pages, self.sb, &file);
        let mut offset = 0;
        while offset < inode.size() && found.len() < MOST_CLUSTERS {
            let Ok(cluster) = finder.find(offset, Reach::Whole) else {
                break;
            };
            if let Source::Encoded(encoded) = cluster.source {
                if let Place::Device { pos, .. } | Place::Meta { pos } = encoded.place {
                    found.push((pos, encoded.len));
                }
            }
            offset = cluster.end();
        }
        for (pos, len) in found {
            self.add(CLUSTER, pos, len);
        }
    }
}
