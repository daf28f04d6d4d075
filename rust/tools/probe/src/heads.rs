// SPDX-License-Identifier: GPL-2.0
//! Images whose clusters are of a file's second algorithm, which mkfs.erofs does not make.

use std::fs::write;
use std::path::Path;

use cofs_core::format::cluster::{
    ADVISE_BIG_PCLUSTER_1, ADVISE_BIG_PCLUSTER_2, FULL_ENTRY_SIZE, FULL_INDEX_GAP, HEADER_SIZE,
    TYPE_HEAD1, TYPE_MASK,
};
use cofs_core::format::superblock::COMPAT_SB_CHKSUM;
use cofs_core::Layout;
use rustix::fs::FileType;

use crate::error::{Context, Result};
use crate::image::Image;
use crate::{manifest, walk};

const FEATURE_COMPAT: usize = 1024 + 8;

/// An extent of the second algorithm: `Z_EROFS_LCLUSTER_TYPE_HEAD2`.
const TYPE_HEAD2: u16 = 3;

/// Has every other cluster of the files that have a full index be of the second algorithm, which is the
/// first once more. The superblock loses its checksum. Fails if no cluster is.
pub(crate) fn second(path: &Path) -> Result<()> {
    let bytes = manifest::read(path)?;
    let mut out = bytes.clone();
    let image = Image::mount(&bytes).what(|| "mount".into())?;
    let sb = image.superblock();
    let mut changed = 0;
    for node in walk::walk_tree(&image) {
        if node.kind != FileType::RegularFile || node.size == 0 {
            continue;
        }
        let inode = image.find(&node.path).what(|| format!("{:?}", node.path))?;
        let Layout::Compressed {
            compact: false,
            header_pos,
        } = inode.layout()
        else {
            continue;
        };
        let header = header_pos as usize;
        let (advise, cluster_bits) = (header + 4, header + 7);
        if out[cluster_bits] & 0x80 != 0 {
            // All of it is a fragment.
            continue;
        }
        if u16::from_le_bytes([out[advise], out[advise + 1]]) & ADVISE_BIG_PCLUSTER_1 != 0 {
            out[advise] |= ADVISE_BIG_PCLUSTER_2 as u8;
        }
        let algorithms = header + 6;
        out[algorithms] = (out[algorithms] & 0xf) | (out[algorithms] << 4);
        let bits = sb.block_size().ilog2() + u32::from(out[cluster_bits] & 0xf);
        let entries = header + (HEADER_SIZE + FULL_INDEX_GAP) as usize;
        let mut heads = 0;
        for number in 0..node.size.div_ceil(1 << bits) as usize {
            let entry = entries + number * FULL_ENTRY_SIZE as usize;
            if u16::from(out[entry]) & TYPE_MASK == TYPE_HEAD1 {
                heads += 1;
                if heads % 2 == 0 {
                    out[entry] = (out[entry] & !(TYPE_MASK as u8)) | TYPE_HEAD2 as u8;
                    changed += 1;
                }
            }
        }
    }
    if changed == 0 {
        return Err("no file has a cluster to change".into());
    }
    out[FEATURE_COMPAT] &= !(COMPAT_SB_CHKSUM as u8);
    write(path, out).what(|| format!("{path:?}"))
}
