// SPDX-License-Identifier: GPL-2.0

//! Long name prefixes: a table of strings that entries refer to by number.
//!
//! The table lies in plain metadata, in the metabox or in the packed inode. What tells most names
//! apart is kept; a record is read and checked again when a name may start with it.

use crate::{
    data,
    format::superblock::COMPAT_PLAIN_XATTR_PFX,
    num,
    pages::{
        advance,
        Cursor,
        METABOX,
        PACKED, //
    },
    xattr::NAME_LEN,
    Error,
    Inode,
    Layout,
    Pages,
    Result,
    SuperBlock, //
};

const RECORDS: usize = 255;
const ALIGN: u64 = 4;
/// A record is its length in 2 bytes, the index of a short prefix in 1, and the infix.
const HEAD_SIZE: u64 = 3;

/// The table of long prefixes.
///
/// # Invariants
///
/// The first `count` of `records` are those of the image, unless the table is out of reach.
#[derive(Clone, Debug)]
pub struct LongPrefixes {
    place: Where,
    pos: u64,
    count: u8,
    records: [Record; RECORDS],
}

/// What is kept of a record.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Its distance from the start of the table, in units of `ALIGN` bytes.
    start: u16,
    /// The short prefix that the name starts with.
    base_index: u8,
    /// The length of the infix.
    len: u8,
}

#[derive(Clone, Debug)]
enum Where {
    Metadata,
    Packed(Inode),
    /// The packed inode is compressed.
    OutOfReach,
}

/// Room for the infix of a record.
pub(crate) struct Infix([u8; NAME_LEN]);

impl Infix {
    pub(crate) fn new() -> Self {
        Self([0; NAME_LEN])
    }
}

/// A record of the table.
pub(crate) struct Prefix<'a> {
    /// The short prefix that the name starts with.
    pub(crate) base_index: u8,
    /// What follows it.
    pub(crate) infix: &'a [u8],
}

impl LongPrefixes {
    /// Reads and checks the whole table, if the image has one.
    ///
    /// One in a packed inode that is compressed is left alone: names that may start with a prefix of
    /// it are then told [`Error::Unsupported`].
    pub fn load<P: Pages + ?Sized>(meta: &P, sb: &SuperBlock) -> Result<LongPrefixes> {
        Self::load_from(meta, sb, false)
    }

    /// The same from a source that has pages of the packed inode, [`PACKED`].
    pub fn load_decoded<P: Pages + ?Sized>(meta: &P, sb: &SuperBlock) -> Result<LongPrefixes> {
        Self::load_from(meta, sb, true)
    }

    fn load_from<P: Pages + ?Sized>(
        meta: &P,
        sb: &SuperBlock,
        decoded: bool,
    ) -> Result<LongPrefixes> {
        let mut table = Self {
            place: Where::Metadata,
            pos: num::align_up(sb.xattr_prefix_pos(), ALIGN)
                .ok_or(Error::Corrupt("metadata address overflows"))?,
            count: sb.xattr_prefix_count(),
            records: [Record {
                start: 0,
                base_index: 0,
                len: 0,
            }; RECORDS],
        };
        if table.count == 0 {
            return Ok(table);
        }
        if sb.has_compat(COMPAT_PLAIN_XATTR_PFX) {
            // It is where metadata is.
        } else if sb.metabox_nid().is_some() {
            table.pos |= METABOX;
        } else if decoded && sb.fragments_nid().is_some() {
            table.pos |= PACKED;
        } else if let Some(nid) = sb.fragments_nid() {
            let packed = Inode::read(meta, sb, nid)?;
            table.place = match packed.layout() {
                Layout::Compressed { .. } => Where::OutOfReach,
                _ => Where::Packed(packed),
            };
        }
        if matches!(table.place, Where::OutOfReach) {
            return Ok(table);
        }

        let meta = &mut Cursor::new(meta);
        let mut infix = Infix::new();
        let mut distance = 0;
        for id in 0..table.count {
            // 255 records of at most 260 bytes each: the quotient fits.
            let start = u16::try_from(distance / ALIGN).map_err(|_| Error::Range)?;
            let pos = advance(table.pos, distance)?;
            let prefix = table.read_at(meta, sb, pos, &mut infix)?;
            // INVARIANT: this record starts where the one before it ended.
            if let Some(record) = table.records.get_mut(usize::from(id)) {
                *record = Record {
                    start,
                    base_index: prefix.base_index,
                    // `Infix` holds no more.
                    len: u8::try_from(prefix.infix.len()).unwrap_or(u8::MAX),
                };
            }
            let len = num::to_u64(prefix.infix.len());
            distance = num::align_up(
                distance.saturating_add(HEAD_SIZE).saturating_add(len),
                ALIGN,
            )
            .ok_or(Error::Range)?;
        }
        Ok(table)
    }

    /// Whether record number `id` stands for what `name`, behind short prefix `index`, may start
    /// with.
    pub(crate) fn may_start(&self, id: u8, index: u8, name: &[u8]) -> bool {
        if matches!(self.place, Where::OutOfReach) {
            return true;
        }
        self.records.get(usize::from(id)).is_some_and(|record| {
            record.base_index == index && usize::from(record.len) <= name.len()
        })
    }

    /// Reads record number `id`, if the table has it.
    pub(crate) fn read<'a, P: Pages>(
        &self,
        meta: &mut Cursor<P>,
        sb: &SuperBlock,
        id: u8,
        infix: &'a mut Infix,
    ) -> Result<Option<Prefix<'a>>> {
        let start = match self.records.get(usize::from(id)) {
            Some(record) if id < self.count => u64::from(record.start),
            _ => return Ok(None),
        };
        let pos = advance(self.pos, start.saturating_mul(ALIGN))?;
        self.read_at(meta, sb, pos, infix).map(Some)
    }

    fn read_at<'a, P: Pages>(
        &self,
        meta: &mut Cursor<P>,
        sb: &SuperBlock,
        pos: u64,
        infix: &'a mut Infix,
    ) -> Result<Prefix<'a>> {
        let mut head = [0; 3];
        self.fill(meta, sb, pos, &mut head)?;
        let [low, high, base_index] = head;
        let len = usize::from(u16::from_le_bytes([low, high]))
            .checked_sub(1)
            .and_then(|len| infix.0.get_mut(..len))
            .ok_or(Error::Corrupt("invalid length of a long xattr prefix"))?;
        self.fill(meta, sb, advance(pos, HEAD_SIZE)?, len)?;
        Ok(Prefix {
            base_index,
            infix: len,
        })
    }

    fn fill<P: Pages>(
        &self,
        meta: &mut Cursor<P>,
        sb: &SuperBlock,
        pos: u64,
        out: &mut [u8],
    ) -> Result<()> {
        match &self.place {
            Where::Metadata => meta.fill(pos, out),
            Where::Packed(packed) => data::read(meta.source(), sb, packed, pos, out),
            Where::OutOfReach => Err(Error::Unsupported(
                "long xattr prefixes in a compressed packed inode",
            )),
        }
    }
}
