// SPDX-License-Identifier: GPL-2.0

//! Compressed files: from a byte of a file to the cluster that it is decoded from.
//!
//! A file is cut into *extents*. Each is decoded from one *cluster*: bytes of the device, behind
//! the index, or nowhere. [`File::read`] reads what an index has before its entries, once for each
//! inode; a [`Finder`] then finds clusters. Nothing is decoded here.
//!
//! ```no_run
//! # use cofs_core::{compressed::{File, Finder, Reach, Source}, Inode, Pages, Result, SuperBlock};
//! # fn clusters_of<P: Pages>(meta: &P, sb: &SuperBlock, inode: &Inode) -> Result<()> {
//! let file = File::read(meta, sb, inode)?;
//! let mut finder = Finder::new(meta, sb, &file);
//! let mut offset = 0;
//! while offset < inode.size() {
//!     let cluster = finder.find(offset, Reach::Whole)?;
//!     match cluster.source {
//!         Source::Hole => println!("{offset}: {} zeros", cluster.len),
//!         Source::Fragment { pos } => println!("{offset}: byte {pos} of the packed inode"),
//!         Source::Encoded(encoded) => println!("{offset}: {encoded:?}"),
//!     }
//!     offset = cluster.end();
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What a reader may rely on, whatever the image:
//!
//! - a cluster that was found for a byte has it: `offset <= byte < offset + len`, in the file;
//! - it lies inside the image, has at most [`MAX_ENCODED`] bytes there and [`MAX_DECODED`] in the
//!   file, and what is not compressed is not longer in the file than on the device;
//! - extents do not refer from one special inode to another: reads do not nest deeper than from
//!   a file to the packed inode.
//!
//! What a reader must see to:
//!
//! - the same cluster may serve several extents, of one file or of several, which use a first part
//!   of what it decodes to: [`Encoded::shared`];
//! - with [`Reach::Near`] the length is a lower bound, and so a decoder can only be asked to stop
//!   there. [`Cluster::exact`] says when it must come out even;
//! - clusters of a hostile image may overlap in every way.
//!
//! [`decode`] has what decoders must know about the bytes of a cluster.

mod compact;
pub mod decode;
mod entry;
mod extents;
mod file;
mod find;
mod pack;
mod walk;

pub use crate::format::algorithms::{
    MAX_DECODED,
    MAX_ENCODED, //
};
pub use file::File;
pub use find::Finder;

use crate::{
    Error,
    Place,
    Result, //
};

/// How the bytes of a cluster become those of an extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Not compressed: the bytes as they are.
    Shifted,
    /// Not compressed, and turned: see [`decode::plain`].
    Interlaced,
    /// An LZ4 block.
    Lz4,
    /// MicroLZMA.
    Lzma,
    /// Raw deflate.
    Deflate,
    /// A Zstandard frame.
    Zstd,
}

impl Algorithm {
    /// Whether nothing is to be decompressed.
    pub fn is_plain(self) -> bool {
        matches!(self, Algorithm::Shifted | Algorithm::Interlaced)
    }

    /// The algorithm with a number of the format.
    fn numbered(number: u8) -> Result<Self> {
        match number {
            0 => Ok(Algorithm::Lz4),
            1 => Ok(Algorithm::Lzma),
            2 => Ok(Algorithm::Deflate),
            3 => Ok(Algorithm::Zstd),
            _ => Err(Error::Unsupported("unknown compression algorithm")),
        }
    }
}

/// How far a search for a cluster goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as the logical cluster of the byte goes, without a look at the entries behind it.
    Near,
    /// To the end of the extent.
    Whole,
}

/// An extent of a file and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The byte of the file where the extent starts.
    pub offset: u64,
    /// Its length: all of it if `whole`, else at least so much. It ends with the file at the latest.
    pub len: u64,
    /// Whether `len` is all of it. Always so with [`Reach::Whole`], but for holes that are longer
    /// than a cluster can be, which may come in pieces.
    pub whole: bool,
    /// Where it comes from.
    pub source: Source,
}

/// Where an extent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it reads as zeros.
    Hole,
    /// From the packed inode, [`SuperBlock::fragments_nid`](crate::SuperBlock::fragments_nid).
    /// Past that file's end there are zeros.
    Fragment {
        /// The byte of the packed inode where the extent starts.
        pos: u64,
    },
    /// From bytes that are to be decoded.
    Encoded(Encoded),
}

/// The bytes that an extent is decoded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// How they are decoded.
    pub algorithm: Algorithm,
    /// Where they start: on device 0, or in the metadata and there in one block. Never a hole.
    pub place: Place,
    /// How many they are, at least one, with the zeros that LZ4, LZMA, deflate and zstd have before
    /// the data: see [`decode::padding`].
    pub len: u64,
    /// They may decode to more than the extent.
    pub shared: bool,
}

impl Cluster {
    /// The byte of the file behind the extent.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.len)
    }

    /// Whether the cluster must decode to `len` bytes and no more; else it is decoded up to there.
    pub fn exact(&self) -> bool {
        match self.source {
            Source::Encoded(encoded) => self.whole && !encoded.shared,
            Source::Hole | Source::Fragment { .. } => self.whole,
        }
    }
}
