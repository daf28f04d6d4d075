// SPDX-License-Identifier: GPL-2.0

//! From the devices that an image speaks of to those that the mount has.
//!
//! All devices of an image lie in one address space of blocks: first the image's own, then each
//! extra device where its slot says. Chunks name a device and a block there; everything else has
//! an address in the common space, as device 0. The mount either has each device by itself, or
//! one device that holds the whole space.

use crate::{
    map::OUT_OF_IMAGE,
    Device,
    Error,
    Result,
    SuperBlock, //
};
use core::cmp::min;

/// How the devices of an image are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One after the other on the device that is mounted.
    Flat,
    /// Each by itself.
    Separate,
}

impl Mode {
    /// What a mount that was given that many extra devices means: none, or each that there is.
    pub fn new(sb: &SuperBlock, given: usize) -> Result<Mode> {
        match given {
            0 => Ok(Mode::Flat),
            _ if given == usize::from(sb.extra_devices()) => Ok(Mode::Separate),
            _ => Err(Error::Invalid("extra devices do not match those given")),
        }
    }
}

/// Where the devices of an image are.
///
/// # Invariants
///
/// `devices` are as many as the superblock says.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    sb: &'a SuperBlock,
    devices: &'a [Device],
    mode: Mode,
    offset: u64,
}

/// A range of bytes on one device of a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The device: 0 is the one that is mounted, others are as in the table from 1.
    pub device: u16,
    /// The byte on that device.
    pub pos: u64,
    /// How many bytes there are.
    pub len: u64,
}

impl<'a> Table<'a> {
    /// The table of an image whose slots are `devices`, and which starts at byte `offset` of the
    /// device that is mounted.
    pub fn new(
        sb: &'a SuperBlock,
        devices: &'a [Device],
        mode: Mode,
        offset: u64,
    ) -> Result<Table<'a>> {
        if devices.len() != usize::from(sb.extra_devices()) {
            return Err(Error::NoDevice);
        }
        // INVARIANT: checked above.
        Ok(Self {
            sb,
            devices,
            mode,
            offset,
        })
    }

    /// The image's superblock.
    pub fn superblock(&self) -> &'a SuperBlock {
        self.sb
    }

    /// How many blocks all devices have, for `statfs`.
    pub fn blocks(&self) -> u64 {
        self.devices.iter().fold(self.sb.blocks(), |sum, device| {
            sum.saturating_add(device.blocks)
        })
    }

    /// Where byte `pos` of the image lies on the device that is mounted.
    pub fn on_primary(&self, pos: u64) -> Result<u64> {
        pos.checked_add(self.offset)
            .filter(|&pos| i64::try_from(pos).is_ok())
            .ok_or(OUT_OF_IMAGE)
    }

    fn primary(&self, pos: u64, len: u64) -> Result<Piece> {
        let pos = self.on_primary(pos)?;
        Ok(Piece {
            device: 0,
            pos,
            len,
        })
    }
}

/// Finds where the bytes at `pos` of a device of the image lie on the mount's devices.
///
/// The piece starts at `pos`. It is shorter than `len` where something else follows: it ends with
/// the device, and never contains both sides of a border in the common address space. The work
/// is bounded by the number of devices.
///
/// ```
/// use cofs_core::{devices::{resolve, Mode, Table}, pages::Memory, Device, SuperBlock};
///
/// let mut image = vec![0u8; 4096];
/// image[1024..1028].copy_from_slice(&0xe0f5_e1e2u32.to_le_bytes());
/// image[1036] = 12; // blkszbits
/// image[1060] = 1; // blocks
/// image[1104] = 8; // feature_incompat: a device table
/// image[1110] = 1; // extra_devices
/// image[1112] = 9; // devt_slotoff
/// image[9 * 128 + 64] = 100; // blocks
/// image[9 * 128 + 68] = 1; // uniaddr
/// let meta = Memory(&image);
/// let sb = SuperBlock::read_with_devices(&meta, |_, _| unreachable!("it has no checksum"))?;
/// let devices = [Device::read(&meta, &sb, 0)?];
///
/// // The second block of the device, with each device by itself, and in the common space.
/// let separate = Table::new(&sb, &devices, Mode::new(&sb, 1)?, 0)?;
/// for (device, pos) in [(1, 4096), (0, 8192)] {
///     let piece = resolve(&separate, device, pos, 1 << 20)?;
///     assert_eq!((piece.device, piece.pos, piece.len), (1, 4096, 99 << 12));
/// }
/// // The same where the devices were put one after the other.
/// let flat = Table::new(&sb, &devices, Mode::new(&sb, 0)?, 0)?;
/// let piece = resolve(&flat, 1, 4096, 1 << 20)?;
/// assert_eq!((piece.device, piece.pos, piece.len), (0, 8192, 99 << 12));
/// # Ok::<(), cofs_core::Error>(())
/// ```
pub fn resolve(table: &Table<'_>, device: u16, pos: u64, len: u64) -> Result<Piece> {
    match device.checked_sub(1) {
        None => common(table, pos, len),
        Some(index) => {
            let slot = table
                .devices
                .get(usize::from(index))
                .ok_or(Error::NoDevice)?;
            named(table, device, slot, pos, len)
        }
    }
}

/// Bytes on the device that they name.
fn named(table: &Table<'_>, device: u16, slot: &Device, pos: u64, len: u64) -> Result<Piece> {
    let len = match table.sb.block_pos(slot.blocks)?.checked_sub(pos) {
        // The device itself is the bound.
        _ if slot.blocks == 0 => len,
        Some(room @ 1..) => min(len, room),
        _ => return Err(OUT_OF_IMAGE),
    };
    match table.mode {
        Mode::Separate => Ok(Piece { device, pos, len }),
        Mode::Flat => {
            let start = table.sb.block_pos(slot.start)?;
            table.primary(start.checked_add(pos).ok_or(OUT_OF_IMAGE)?, len)
        }
    }
}

/// Bytes in the common address space: on the first device that has them, or on the image's own.
fn common(table: &Table<'_>, pos: u64, len: u64) -> Result<Piece> {
    let mut owner = None;
    let mut border = u64::MAX;
    for (number, slot) in (1..).zip(table.devices) {
        if slot.start == 0 || slot.blocks == 0 {
            continue;
        }
        let start = table.sb.block_pos(slot.start)?;
        let size = table.sb.block_pos(slot.blocks)?;
        let end = start.checked_add(size).ok_or(OUT_OF_IMAGE)?;
        if pos < start {
            border = min(border, start);
        } else if pos < end {
            border = min(border, end);
            owner = owner.or(Some((number, start)));
        }
    }
    let own = table.sb.block_pos(table.sb.blocks())?;
    if pos < own {
        border = min(border, own);
    } else if owner.is_none() {
        return Err(OUT_OF_IMAGE);
    }
    let len = min(len, border.saturating_sub(pos));
    match (table.mode, owner) {
        (Mode::Separate, Some((device, start))) => Ok(Piece {
            device,
            pos: pos.saturating_sub(start),
            len,
        }),
        _ => table.primary(pos, len),
    }
}
