// SPDX-License-Identifier: GPL-2.0

//! The table of extra devices: for each a slot that says how large it is, and where its blocks
//! are in the address space that all devices have in common.

use crate::{
    format::superblock::{
        SuperBlock,
        INCOMPAT_48BIT, //
    },
    num,
    pages::{
        self,
        advance, //
    },
    Error,
    Pages,
    Result, //
};
use zerocopy::little_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// The size of a slot, in which the table's place is counted as well.
pub const SLOT_SIZE: u64 = 128;

/// How long a tag is at most.
pub const TAG_LEN: usize = 64;

/// A slot of the table.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct DeviceSlot {
    tag: [u8; TAG_LEN],
    blocks_lo: U32,
    uniaddr_lo: U32,
    blocks_hi: U16,
    uniaddr_hi: U16,
    reserved: [u8; 52],
}

const _: () = assert!(num::to_u64(size_of::<DeviceSlot>()) == SLOT_SIZE);

/// An extra device, as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// How many blocks it has; 0 if the image does not say, which merged images may not.
    pub blocks: u64,
    /// Where its first block is in the common address space; 0 if it has no place there.
    pub start: u64,
    /// What it is known by, often a digest; filled up with zeros.
    pub tag: [u8; TAG_LEN],
}

impl Device {
    /// Reads slot number `index` of the table: device `index + 1` of extents.
    pub fn read<P: Pages + ?Sized>(meta: &P, sb: &SuperBlock, index: u16) -> Result<Device> {
        if index >= sb.extra_devices() {
            return Err(Error::NoDevice);
        }
        let distance = u64::from(index).saturating_mul(SLOT_SIZE);
        let slot: DeviceSlot = pages::read_struct(meta, advance(sb.device_table_pos(), distance)?)?;
        let number = |low: U32, high: U16| {
            let high = if sb.has_incompat(INCOMPAT_48BIT) {
                u64::from(high.get()) << 32
            } else {
                0
            };
            high | u64::from(low.get())
        };
        Ok(Device {
            blocks: number(slot.blocks_lo, slot.blocks_hi),
            start: number(slot.uniaddr_lo, slot.uniaddr_hi),
            tag: slot.tag,
        })
    }

    /// The tag as the name of a device, for which it must not be empty.
    pub fn name(&self) -> Result<&[u8]> {
        match self.tag.split(|&byte| byte == 0).next() {
            None | Some([]) => Err(Error::Invalid("empty device tag")),
            Some(name) => Ok(name),
        }
    }
}
