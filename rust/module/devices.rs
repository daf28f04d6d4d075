// SPDX-License-Identifier: GPL-2.0

//! The devices of a mount, and where on them a byte of its image lies.

use crate::{
    error,
    fill::pages::Metadata,
    mount::Image,
    sys::backing::{
        At,
        Backing, //
    },
    vfs::super_block::NewSuper, //
};
use cofs_core::{
    devices::{
        resolve,
        Mode,
        Table, //
    },
    Device,
    Error as CoreError,
    SuperBlock, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// What a mount was told about its devices.
#[derive(Default)]
pub(crate) struct Given {
    /// The byte of the source at which the image starts; `None` where nothing was said.
    pub(crate) offset: Option<u64>,
    /// The paths of the extra devices, in the order of the image's table.
    pub(crate) paths: KVec<CString>,
}

impl Given {
    fn offset(&self) -> u64 {
        self.offset.unwrap_or(0)
    }

    /// Whether a mount with `self` is what `other` asks for.
    fn has_paths_of(&self, other: &Given) -> bool {
        self.paths.len() == other.paths.len()
            && self
                .paths
                .iter()
                .zip(&other.paths)
                .all(|(a, b)| a.to_bytes() == b.to_bytes())
    }

    /// Whether another mount of the same source, asked for in these words, is this one.
    pub(crate) fn is(&self, other: &Given) -> bool {
        self.offset() == other.offset() && self.has_paths_of(other)
    }

    /// Whether a remount in these words leaves everything as it is.
    pub(crate) fn stays(&self, other: &Given) -> bool {
        other.offset.is_none_or(|offset| offset == self.offset())
            && (other.paths.is_empty() || self.has_paths_of(other))
    }
}

/// The devices of a mount.
///
/// # Invariants
///
/// - `slots` are as many as the superblock says;
/// - `extra` are as many where each device is there by itself, else none.
pub(crate) struct Devices {
    primary: Backing,
    slots: KVVec<Device>,
    extra: KVVec<Backing>,
    mode: Mode,
    given: Given,
}

impl Devices {
    /// Reads the image's table, and opens what was given.
    pub(crate) fn new(
        sb: &mut NewSuper<'_, Image>,
        disk: &SuperBlock,
        primary: Backing,
        given: Given,
        direct: bool,
    ) -> Result<Self> {
        let refuse = |e| {
            pr_err!("({}): {}\n", sb.id(), error::text(e));
            error::from_core(e)
        };
        let mode = Mode::new(disk, given.paths.len()).map_err(refuse)?;
        let metadata = Metadata::new(primary, given.offset());
        let mut slots = KVVec::new();
        for index in 0..disk.extra_devices() {
            let slot = Device::read(&metadata, disk, index).map_err(refuse)?;
            slots.push(slot, GFP_KERNEL)?;
        }
        let mut extra = KVVec::new();
        for path in &given.paths {
            let backing = sb.open_device(path, direct).inspect_err(|e| {
                let name = path.to_str().unwrap_or("?");
                pr_err!("({}): device {name}: error {}\n", sb.id(), e.to_errno());
            })?;
            extra.push(backing, GFP_KERNEL)?;
        }
        // INVARIANT: one slot was read for each device, and by `mode` as many opened, or none.
        Ok(Self {
            primary,
            slots,
            extra,
            mode,
            given,
        })
    }

    /// What the mount was told.
    pub(crate) fn given(&self) -> &Given {
        &self.given
    }

    /// The byte of the source at which the image starts.
    pub(crate) fn offset(&self) -> u64 {
        self.given.offset()
    }

    /// The pages of the source, from where the image starts.
    pub(crate) fn metadata(&self) -> Metadata<'_> {
        Metadata::new(self.primary, self.offset())
    }

    fn table<'a>(&'a self, disk: &'a SuperBlock) -> cofs_core::Result<Table<'a>> {
        Table::new(disk, &self.slots, self.mode, self.offset())
    }

    /// How many blocks all devices have.
    pub(crate) fn blocks(&self, disk: &SuperBlock) -> u64 {
        self.table(disk)
            .map_or(disk.blocks(), |table| table.blocks())
    }

    /// Where `len` bytes at `pos` of an image's device lie, or as many of them as lie together.
    pub(crate) fn find(
        &self,
        disk: &SuperBlock,
        device: u16,
        pos: u64,
        len: u64,
    ) -> cofs_core::Result<At> {
        let piece = resolve(&self.table(disk)?, device, pos, len)?;
        let backing = match piece.device.checked_sub(1) {
            None => self.primary,
            Some(index) => *self
                .extra
                .get(usize::from(index))
                .ok_or(CoreError::NoDevice)?,
        };
        Ok(At {
            backing,
            pos: piece.pos,
            len: piece.len,
        })
    }

    /// Whether the image lies on a block device, not in a file.
    pub(crate) fn is_block(&self) -> bool {
        matches!(self.primary, Backing::Device(_))
    }

    /// What direct I/O must be aligned to on all devices, in memory and in the file; `None` where
    /// one is a file.
    pub(crate) fn direct_align(&self) -> Option<(u32, u32)> {
        let own = |backing: &Backing| match backing {
            Backing::Device(device) => Some((device.memory_align(), device.sector())),
            Backing::File(_) => None,
        };
        self.extra
            .iter()
            .try_fold(own(&self.primary)?, |most, backing| {
                let (memory, sector) = own(backing)?;
                Some((memory.max(most.0), sector.max(most.1)))
            })
    }
}
