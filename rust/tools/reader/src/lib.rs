// SPDX-License-Identifier: GPL-2.0

//! The reference reader: the format and the map are cofs_core's, the decoders
//! are others than the kernel's.

#![forbid(unsafe_code)]

pub mod decode;
mod image;
pub mod mutate;
mod random;
mod store;

pub use image::{
    crc32c,
    Content,
    Image, //
};
pub use random::{
    mix,
    Random, //
};
pub use store::Store;

use image::PIECE;

use cofs_core::{
    compressed::{
        Cluster,
        Encoded,
        File,
        Finder,
        Reach,
        Source, //
    },
    pages,
    Error,
    Inode,
    Pages,
    Place,
    Result,
    SuperBlock, //
};

use std::{
    cell::RefCell,
    collections::VecDeque, //
};

/// As many decoded clusters are kept: small files share one, and their fragments another.
const KEPT: usize = 4;

/// Clusters that were decoded not long ago.
#[derive(Default)]
pub struct Cache(RefCell<VecDeque<(Cluster, Vec<u8>)>>);

impl Cache {
    /// Fills `out` with what `cluster` decodes to, behind its first `from` bytes, if that is kept.
    fn copy(&self, cluster: &Cluster, from: usize, out: &mut [u8]) -> bool {
        let kept = self.0.borrow();
        let found = kept.iter().find(|(known, _)| known == cluster);
        if let Some((_, bytes)) = found {
            out.copy_from_slice(&bytes[from..from + out.len()]);
        }
        found.is_some()
    }

    fn keep(&self, cluster: &Cluster, bytes: Vec<u8>) {
        let mut kept = self.0.borrow_mut();
        kept.truncate(KEPT - 1);
        kept.push_front((*cluster, bytes));
    }
}

/// Where a compressed file's bytes are.
pub struct Sources<'a, P> {
    /// The metadata.
    pub meta: &'a P,
    /// The image's superblock.
    pub sb: &'a SuperBlock,
    /// Reads bytes of the device.
    pub device: &'a dyn Fn(u64, &mut [u8]) -> Result<()>,
    /// Reads bytes of the packed inode.
    pub packed: &'a dyn Fn(u64, &mut [u8]) -> Result<()>,
    /// What was decoded.
    pub cache: &'a Cache,
}

impl<P: Pages> Sources<'_, P> {
    /// Fills `out` with the bytes of a compressed file at `offset`; past its size they are zero.
    pub fn read(&self, inode: &Inode, offset: u64, out: &mut [u8]) -> Result<()> {
        let file = File::read(self.meta, self.sb, inode)?;
        let mut finder = Finder::new(self.meta, self.sb, &file);
        let mut done = 0;
        while done < out.len() {
            let at = offset.checked_add(done as u64).ok_or(Error::Range)?;
            let cluster = finder.find(at, Reach::Whole)?;
            let skip = at - cluster.offset.min(at);
            let len = (cluster.end() - at).min((out.len() - done) as u64);
            let piece = &mut out[done..done + len as usize];
            self.fill(&cluster, skip, piece)?;
            done += len as usize;
        }
        Ok(())
    }

    /// Passes the bytes of a compressed file on, from its start to its end.
    pub(crate) fn each_piece<E: From<Error>>(
        &self,
        inode: &Inode,
        mut emit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = File::read(self.meta, self.sb, inode)?;
        let mut finder = Finder::new(self.meta, self.sb, &file);
        let (mut at, mut piece) = (0, Vec::new());
        while at < inode.size() {
            let cluster = finder.find(at, Reach::Whole)?;
            let end = cluster.end().min(inode.size());
            while at < end {
                piece.resize((end - at).min(PIECE) as usize, 0);
                self.fill(&cluster, at - cluster.offset, &mut piece)?;
                emit(&piece)?;
                at += piece.len() as u64;
            }
        }
        Ok(())
    }

    /// Fills `out` with the bytes of an extent behind the first `skip`.
    fn fill(&self, cluster: &Cluster, skip: u64, out: &mut [u8]) -> Result<()> {
        match cluster.source {
            Source::Hole => out.fill(0),
            Source::Fragment { pos } => (self.packed)(pos + skip, out)?,
            Source::Encoded(encoded) => {
                let from = skip as usize;
                if self.cache.copy(cluster, from, out) {
                    return Ok(());
                }
                let whole = cluster.len as usize;
                let data = self.encoded(&encoded)?;
                let Ok(bytes) = decode::cluster(self.sb, cluster, &data, whole) else {
                    // It may be sound up to where it is needed.
                    let bytes = decode::cluster(self.sb, cluster, &data, from + out.len())?;
                    out.copy_from_slice(&bytes[from..]);
                    return Ok(());
                };
                out.copy_from_slice(&bytes[from..from + out.len()]);
                self.cache.keep(cluster, bytes);
            }
        }
        Ok(())
    }

    /// The bytes of a cluster.
    fn encoded(&self, encoded: &Encoded) -> Result<Vec<u8>> {
        let mut bytes = vec![0; encoded.len as usize];
        match encoded.place {
            Place::Meta { pos } => pages::fill(self.meta, pos, &mut bytes)?,
            Place::Device { pos, .. } => (self.device)(pos, &mut bytes)?,
            Place::Hole => return Err(Error::Range),
        }
        Ok(bytes)
    }
}
