// SPDX-License-Identifier: GPL-2.0

//! What is read once of each compressed file: the header of its index, and its last extent if that
//! lies apart.

use super::{
    entry::{
        self,
        Entries, //
    },
    walk,
    Algorithm,
    Encoded,
    Source, //
};
use crate::{
    format::{
        cluster::{
            MapHeader,
            ADVISE_BIG_PCLUSTER_1,
            ADVISE_BIG_PCLUSTER_2,
            ADVISE_EXTENTS,
            ADVISE_FRAGMENT_PCLUSTER,
            ADVISE_INLINE_PCLUSTER,
            FULL_INDEX_GAP,
            HEADER_SIZE, //
        },
        superblock::INCOMPAT_BIG_PCLUSTER, //
    },
    num,
    pages::{
        advance,
        Cursor, //
    },
    Error,
    Inode,
    Layout,
    Pages,
    Place,
    Result,
    SuperBlock, //
};

/// A compressed file, ready to be searched for clusters.
///
/// # Invariants
///
/// - `lcluster_bits` is between 9 and 27;
/// - `form` is not [`Form::Extents`] if there is a `tail`;
/// - the bytes of an inline tail lie in one block.
#[derive(Clone, Debug)]
pub struct File {
    pub(super) size: u64,
    /// log2 of the size of a logical cluster.
    pub(super) lcluster_bits: u32,
    pub(super) block_bits: u32,
    pub(super) advise: u16,
    /// The first and the second algorithm.
    pub(super) algorithms: [Algorithm; 2],
    pub(super) form: Form,
    pub(super) tail: Option<Tail>,
    /// This is the packed inode or the metabox.
    pub(super) special: bool,
}

/// What follows the header, and where.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Entries of 8 bytes.
    Full { start: u64 },
    /// Packs of entries.
    Compact { start: u64 },
    /// Records of extents.
    Extents {
        start: u64,
        /// The size of a record: 4, 8, 16 or 32.
        size: u64,
        count: u64,
    },
}

/// The last extent of a file, if it is not on the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// The byte of the file where it starts.
    pub(super) start: u64,
    /// Metadata or a fragment.
    pub(super) source: Source,
}

impl File {
    /// Reads and checks the header of a file whose layout is [`Layout::Compressed`].
    ///
    /// The work is bounded by the length of the last extent.
    pub fn read<P: Pages + ?Sized>(meta: &P, sb: &SuperBlock, inode: &Inode) -> Result<File> {
        let Layout::Compressed {
            compact,
            header_pos,
        } = inode.layout()
        else {
            return Err(Error::Invalid("not a compressed file"));
        };
        let nid = Some(inode.nid());
        let mut file = File {
            size: inode.size(),
            lcluster_bits: sb.block_bits(),
            block_bits: sb.block_bits(),
            advise: 0,
            algorithms: [Algorithm::Lz4; 2],
            form: Form::Full { start: header_pos },
            tail: None,
            special: nid == sb.metabox_nid() || nid == sb.fragments_nid(),
        };
        // Of an empty file nothing else is looked at.
        if file.size == 0 {
            return Ok(file);
        }
        let mut meta = Cursor::new(meta);
        let header: MapHeader = meta.read(header_pos)?;
        if let Some(pos) = header.whole_fragment() {
            file.tail = Some(Tail {
                start: 0,
                source: Source::Fragment { pos },
            });
            return Ok(file);
        }
        let header_end = advance(header_pos, HEADER_SIZE)?;
        file.advise = header.advise();
        // INVARIANT: 9 to 12 and at most 15.
        file.lcluster_bits = sb.block_bits().saturating_add(header.cluster_bits());
        if !compact && file.advises(ADVISE_EXTENTS) {
            let size = header.extent_size();
            file.form = Form::Extents {
                start: num::align_up(header_end, size)
                    .ok_or(Error::Corrupt("metadata address overflows"))?,
                size,
                count: header.extents(),
            };
            return Ok(file);
        }

        file.form = if compact {
            Form::Compact { start: header_end }
        } else {
            Form::Full {
                start: advance(header_end, FULL_INDEX_GAP)?,
            }
        };
        let [first, second] = header.algorithms();
        file.algorithms = [Algorithm::numbered(first)?, Algorithm::numbered(second)?];
        let big = [ADVISE_BIG_PCLUSTER_1, ADVISE_BIG_PCLUSTER_2].map(|bit| file.advises(bit));
        if big != [false; 2] && !sb.has_incompat(INCOMPAT_BIG_PCLUSTER) {
            return Err(Error::Corrupt("big clusters in an image without them"));
        }
        if compact && (big == [true, false] || big == [false, true]) {
            return Err(Error::Corrupt("big clusters of one algorithm only"));
        }
        file.tail = file.read_tail(meta, sb, &header)?;
        Ok(file)
    }

    pub(super) fn advises(&self, bit: u16) -> bool {
        self.advise & bit != 0
    }

    /// The file's size.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The last extent, if it lies apart. A file has at most one of the two kinds.
    fn read_tail<P: Pages>(
        &self,
        meta: Cursor<P>,
        sb: &SuperBlock,
        header: &MapHeader,
    ) -> Result<Option<Tail>> {
        let fragment = self.advises(ADVISE_FRAGMENT_PCLUSTER);
        let len = header.inline_size();
        if !fragment && (!self.advises(ADVISE_INLINE_PCLUSTER) || len == 0) {
            return Ok(None);
        }
        let last_byte = self.size.saturating_sub(1);
        let last = walk::start(self, &mut Entries::new(meta), last_byte)?;
        let start = last.offset(self)?;
        if fragment {
            let low = u64::from(header.fragment_offset());
            let high = match self.form {
                Form::Full { .. } => u64::from(last.head.block) << 32,
                _ => 0,
            };
            return Ok(Some(Tail {
                // If it starts in the first logical cluster, it is all there is.
                start: if last.lcn == 0 { 0 } else { start },
                source: Source::Fragment { pos: high | low },
            }));
        }
        // The data lies where the entry of the last logical cluster, or its pack, ends.
        let last_lcn = num::shift_right(last_byte, self.lcluster_bits);
        let pos = entry::end_of(self, last_lcn)?;
        if sb.block_offset(pos).saturating_add(len) > sb.block_size() {
            return Err(Error::Corrupt("inline cluster crosses its block"));
        }
        // INVARIANT: checked above.
        Ok(Some(Tail {
            start,
            source: Source::Encoded(Encoded {
                algorithm: last.head.algorithm(self, true),
                place: Place::Meta { pos },
                len,
                shared: last.head.shared,
            }),
        }))
    }
}
