// SPDX-License-Identifier: GPL-2.0

//! Images made by hand: any field of any structure can be given any value.

use super::pages::{
    crc32c,
    FilePages, //
};
use cofs_core::{
    Inode,
    Result,
    SuperBlock, //
};

/// Byte offsets in the superblock.
pub(crate) mod sb {
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const CHECKSUM: usize = 4;
    pub(crate) const FEATURE_COMPAT: usize = 8;
    pub(crate) const BLKSZBITS: usize = 12;
    pub(crate) const SB_EXTSLOTS: usize = 13;
    pub(crate) const RB: usize = 14;
    pub(crate) const INOS: usize = 16;
    pub(crate) const EPOCH: usize = 24;
    pub(crate) const FIXED_NSEC: usize = 32;
    pub(crate) const BLOCKS_LO: usize = 36;
    pub(crate) const META_BLKADDR: usize = 40;
    pub(crate) const XATTR_BLKADDR: usize = 44;
    pub(crate) const UUID: usize = 48;
    pub(crate) const VOLUME_NAME: usize = 64;
    pub(crate) const FEATURE_INCOMPAT: usize = 80;
    pub(crate) const U1: usize = 84;
    pub(crate) const EXTRA_DEVICES: usize = 86;
    pub(crate) const DEVT_SLOTOFF: usize = 88;
    pub(crate) const DIRBLKBITS: usize = 90;
    pub(crate) const XATTR_PREFIX_COUNT: usize = 91;
    pub(crate) const XATTR_PREFIX_START: usize = 92;
    pub(crate) const PACKED_NID: usize = 96;
    pub(crate) const XATTR_FILTER_RESERVED: usize = 104;
    pub(crate) const ISHARE_XATTR_PREFIX_ID: usize = 105;
    pub(crate) const ROOTNID_8B: usize = 112;
    pub(crate) const METABOX_NID: usize = 128;
}

pub(crate) const PLAIN: u16 = 0;
pub(crate) const COMPRESSED_FULL: u16 = 1 << 1;
pub(crate) const INLINE: u16 = 2 << 1;
pub(crate) const COMPRESSED_COMPACT: u16 = 3 << 1;
pub(crate) const CHUNK: u16 = 4 << 1;
pub(crate) const EXTENDED: u16 = 1;
/// `I_NLINK_1`, and for directories `I_DOT_OMITTED`.
pub(crate) const BIT_4: u16 = 0x10;

pub(crate) const DIR: u16 = 0o040_755;
pub(crate) const REG: u16 = 0o100_644;
pub(crate) const LNK: u16 = 0o120_777;

/// Where node 0 is.
pub(crate) const META_BLOCK: u32 = 8;
/// The root directory's node number.
pub(crate) const ROOT: u64 = 2;

/// The fields of an inode; what a test does not care about is zero.
#[derive(Clone, Copy, Default)]
pub(crate) struct Node {
    pub(crate) format: u16,
    pub(crate) xattr_icount: u16,
    pub(crate) mode: u16,
    pub(crate) nb: u16,
    pub(crate) size: u64,
    pub(crate) u: u32,
    pub(crate) ino: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime: u64,
    pub(crate) mtime_nsec: u32,
    pub(crate) nlink: u32,
}

#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) block_bits: u8,
}

impl Image {
    /// 64 blocks, an empty inline root directory, and features as given.
    pub(crate) fn new(block_bits: u8) -> Self {
        let blocks = 64u32;
        let mut image = Self {
            bytes: vec![0; (blocks as usize) << block_bits],
            block_bits,
        };
        image.sb32(sb::MAGIC, 0xe0f5_e1e2);
        image.sb8(sb::BLKSZBITS, block_bits);
        image.sb16(sb::RB, ROOT as u16);
        image.sb32(sb::BLOCKS_LO, blocks);
        image.sb32(sb::META_BLKADDR, META_BLOCK);
        image.sb64(sb::EPOCH, 1_000_000);
        image.sb32(sb::FIXED_NSEC, 7);
        image.sb64(sb::INOS, 3);
        image.compact(
            ROOT,
            Node {
                format: INLINE,
                mode: DIR,
                nb: 2,
                ..Node::default()
            },
        );
        image
    }

    pub(crate) fn put(&mut self, pos: usize, bytes: &[u8]) {
        self.bytes[pos..pos + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn sb8(&mut self, field: usize, value: u8) {
        self.put(1024 + field, &[value]);
    }

    pub(crate) fn sb16(&mut self, field: usize, value: u16) {
        self.put(1024 + field, &value.to_le_bytes());
    }

    pub(crate) fn sb32(&mut self, field: usize, value: u32) {
        self.put(1024 + field, &value.to_le_bytes());
    }

    pub(crate) fn sb64(&mut self, field: usize, value: u64) {
        self.put(1024 + field, &value.to_le_bytes());
    }

    pub(crate) fn block_size(&self) -> usize {
        1 << self.block_bits
    }

    pub(crate) fn block(&self, addr: u32) -> usize {
        (addr as usize) << self.block_bits
    }

    /// Where node `nid` lies.
    pub(crate) fn node(&self, nid: u64) -> usize {
        self.block(META_BLOCK) + nid as usize * 32
    }

    pub(crate) fn compact(&mut self, nid: u64, node: Node) {
        let mut raw = Vec::new();
        raw.extend(node.format.to_le_bytes());
        raw.extend(node.xattr_icount.to_le_bytes());
        raw.extend(node.mode.to_le_bytes());
        raw.extend(node.nb.to_le_bytes());
        raw.extend((node.size as u32).to_le_bytes());
        raw.extend((node.mtime as u32).to_le_bytes());
        raw.extend(node.u.to_le_bytes());
        raw.extend(node.ino.to_le_bytes());
        raw.extend((node.uid as u16).to_le_bytes());
        raw.extend((node.gid as u16).to_le_bytes());
        raw.extend([0; 4]);
        assert_eq!(raw.len(), 32);
        self.put(self.node(nid), &raw);
    }

    pub(crate) fn extended(&mut self, nid: u64, node: Node) {
        let mut raw = Vec::new();
        raw.extend((node.format | EXTENDED).to_le_bytes());
        raw.extend(node.xattr_icount.to_le_bytes());
        raw.extend(node.mode.to_le_bytes());
        raw.extend(node.nb.to_le_bytes());
        raw.extend(node.size.to_le_bytes());
        raw.extend(node.u.to_le_bytes());
        raw.extend(node.ino.to_le_bytes());
        raw.extend(node.uid.to_le_bytes());
        raw.extend(node.gid.to_le_bytes());
        raw.extend(node.mtime.to_le_bytes());
        raw.extend(node.mtime_nsec.to_le_bytes());
        raw.extend(node.nlink.to_le_bytes());
        raw.extend([0; 16]);
        assert_eq!(raw.len(), 64);
        self.put(self.node(nid), &raw);
    }

    /// Extra devices of tag, blocks and start; their table goes to block `table`.
    pub(crate) fn devices(&mut self, table: u32, devices: &[(&[u8], u64, u64)]) {
        let incompat = u32::from_le_bytes(self.bytes[1104..1108].try_into().unwrap());
        self.sb32(sb::FEATURE_INCOMPAT, incompat | 0x8);
        self.sb16(sb::EXTRA_DEVICES, devices.len() as u16);
        self.sb16(sb::DEVT_SLOTOFF, (self.block(table) / 128) as u16);
        for (number, (tag, blocks, start)) in devices.iter().enumerate() {
            let mut slot = tag.to_vec();
            slot.resize(64, 0);
            slot.extend((*blocks as u32).to_le_bytes());
            slot.extend((*start as u32).to_le_bytes());
            slot.extend(((*blocks >> 32) as u16).to_le_bytes());
            slot.extend(((*start >> 32) as u16).to_le_bytes());
            slot.resize(128, 0);
            self.put(self.block(table) + number * 128, &slot);
        }
    }

    /// Puts the checksum in and turns its feature on.
    pub(crate) fn checksum(&mut self) {
        let compat = u32::from_le_bytes(self.bytes[1032..1036].try_into().unwrap());
        self.sb32(sb::FEATURE_COMPAT, compat | 1);
        let size = self.block_size();
        let end = if size > 1024 { size } else { size + 1024 };
        let crc = crc32c(0x5045_b54a, &self.bytes[1032..end]);
        self.sb32(sb::CHECKSUM, crc);
    }

    pub(crate) fn pages(&self) -> FilePages {
        FilePages::new(self.bytes.clone())
    }

    pub(crate) fn superblock(&self) -> Result<SuperBlock> {
        SuperBlock::read(&self.pages(), crc32c)
    }

    pub(crate) fn superblock_with_devices(&self) -> Result<SuperBlock> {
        SuperBlock::read_with_devices(&self.pages(), crc32c)
    }

    pub(crate) fn inode(&self, nid: u64) -> Result<Inode> {
        Inode::read(&self.pages(), &self.superblock_with_devices()?, nid)
    }
}

/// A directory block: entries of name, node number and type, sorted by the caller.
pub(crate) fn dir_block(entries: &[(&[u8], u64, u8)]) -> Vec<u8> {
    let mut block = Vec::new();
    let mut nameoff = entries.len() * 12;
    for (name, nid, file_type) in entries {
        block.extend(nid.to_le_bytes());
        block.extend((nameoff as u16).to_le_bytes());
        block.extend([*file_type, 0]);
        nameoff += name.len();
    }
    for (name, _, _) in entries {
        block.extend_from_slice(name);
    }
    block
}

/// An attribute entry, padded.
pub(crate) fn xattr_entry(index: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut entry = vec![name.len() as u8, index];
    entry.extend((value.len() as u16).to_le_bytes());
    entry.extend_from_slice(name);
    entry.extend_from_slice(value);
    entry.resize(entry.len().next_multiple_of(4), 0);
    entry
}

/// The attribute area of an inode, and the `i_xattr_icount` that goes with it.
pub(crate) fn xattr_ibody(filter: u32, shared: &[u32], entries: &[Vec<u8>]) -> (Vec<u8>, u16) {
    let mut body = filter.to_le_bytes().to_vec();
    body.push(shared.len() as u8);
    body.extend([0; 7]);
    for id in shared {
        body.extend(id.to_le_bytes());
    }
    for entry in entries {
        body.extend_from_slice(entry);
    }
    let icount = (body.len() - 12) / 4 + 1;
    (body, icount as u16)
}
