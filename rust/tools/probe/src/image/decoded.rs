// SPDX-License-Identifier: GPL-2.0
//! Bytes of compressed files, by decoders that are not the kernel's.

use cofs_core::pages::PAGE_SIZE;
use cofs_core::{Error, Inode, Result};
use cofs_reader::Sources;

use super::Image;

impl Image<'_> {
    /// Fills `out` with the bytes of a compressed file at `offset`.
    pub(super) fn decode(&self, inode: &Inode, offset: u64, out: &mut [u8]) -> Result<()> {
        Sources {
            meta: &self.device,
            sb: &self.sb,
            device: &|pos, out| self.read_device(0, pos, out),
            packed: &|pos, out| self.read_packed(pos, out),
            cache: &self.cache,
        }
        .read(inode, offset, out)
    }

    /// Bytes of the packed inode, by its pages.
    fn read_packed(&self, pos: u64, out: &mut [u8]) -> Result<()> {
        let nid = self.sb.fragments_nid().ok_or(Error::Range)?;
        let packed = Inode::read(&self.device, &self.sb, nid)?;
        let mut done = 0;
        while done < out.len() {
            let at = pos + done as u64;
            let page = self.page(&packed, at / PAGE_SIZE)?;
            let rest = &page[(at % PAGE_SIZE) as usize..];
            let len = rest.len().min(out.len() - done);
            out[done..done + len].copy_from_slice(&rest[..len]);
            done += len;
        }
        Ok(())
    }
}
