// SPDX-License-Identifier: GPL-2.0
//! Bytes of compressed files, by decoders that are not the kernel's.

use std::path::Path;

use cofs_core::compressed::{Cluster, File, Finder, Reach};
use cofs_core::pages::PAGE_SIZE;
use cofs_core::{Error, Inode, Layout, Result};
use cofs_reader::Sources;

use super::{errno, Image};

/// Larger packed inodes are read by pages only.
const MOST_PACKED: u64 = 16 << 20;

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

    /// A compressed file from its start to its end, each extent behind the one before; None for other files, and
    /// where that leads to an error. An index that contradicts itself may say something else for a page alone.
    pub(crate) fn in_order(&self, path: &Path) -> Option<Vec<u8>> {
        let inode = self.find(path).ok()?;
        let compressed = matches!(inode.layout(), Layout::Compressed { .. });
        let mut bytes = vec![0; inode.size() as usize];
        let wanted = self.decodes && compressed;
        wanted.then(|| self.decode(&inode, 0, &mut bytes).ok())??;
        Some(bytes)
    }

    /// The clusters of a file, in order.
    pub(crate) fn clusters(&self, path: &Path) -> rustix::io::Result<Vec<Cluster>> {
        let inode = self.find(path)?;
        let file = File::read(&self.device, &self.sb, &inode).map_err(errno)?;
        let mut finder = Finder::new(&self.device, &self.sb, &file);
        let (mut clusters, mut offset) = (Vec::new(), 0);
        while offset < inode.size() {
            let cluster = finder.find(offset, Reach::Whole).map_err(errno)?;
            offset = cluster.end();
            clusters.push(cluster);
        }
        Ok(clusters)
    }

    /// Bytes of the packed inode: by its pages or, where these are errors, by themselves, or in order from
    /// its start.
    fn read_packed(&self, pos: u64, out: &mut [u8]) -> Result<()> {
        let nid = self.sb.fragments_nid().ok_or(Error::Range)?;
        let packed = Inode::read(&self.device, &self.sb, nid)?;
        let by_pages = self.pages_of(&packed, pos, out);
        if by_pages.is_ok() || packed.size() > MOST_PACKED {
            return by_pages;
        }
        if self.decode(&packed, pos, out).is_ok() {
            return Ok(());
        }
        let mut whole = vec![0; packed.size() as usize];
        self.decode(&packed, 0, &mut whole)?;
        let bytes = whole.get(pos as usize..).ok_or(Error::IO)?;
        out.copy_from_slice(bytes.get(..out.len()).ok_or(Error::IO)?);
        Ok(())
    }

    fn pages_of(&self, inode: &Inode, pos: u64, out: &mut [u8]) -> Result<()> {
        let mut done = 0;
        while done < out.len() {
            let at = pos + done as u64;
            let page = self.page(inode, at / PAGE_SIZE)?;
            let rest = &page[(at % PAGE_SIZE) as usize..];
            let len = rest.len().min(out.len() - done);
            out[done..done + len].copy_from_slice(&rest[..len]);
            done += len;
        }
        Ok(())
    }
}
