// SPDX-License-Identifier: GPL-2.0

//! How bytes come into the crate: page by page, from a source that the caller owns.

use crate::{
    num,
    Error,
    Result, //
};
use core::{
    cmp::min,
    mem,
    ops::Deref, //
};
use zerocopy::{
    FromBytes,
    IntoBytes, //
};

/// log2 of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 12;

/// The size of every page a source hands out. Blocks are never larger.
pub const PAGE_SIZE: u64 = 1 << PAGE_SHIFT;

/// Set in positions that are bytes of the metabox: of the inode that holds compressed metadata.
/// Behind it metadata is found as anywhere else, so that only sources of pages tell the two apart.
pub const METABOX: u64 = 1 << 63;

/// What [`METABOX`] is in the numbers of pages.
pub const METABOX_PAGE: u64 = METABOX >> PAGE_SHIFT;

/// Set, without [`METABOX`], in positions that are bytes of the packed inode: of what there is of
/// metadata in it only [`LongPrefixes::load_decoded`](crate::xattr::LongPrefixes::load_decoded)
/// makes use.
pub const PACKED: u64 = 1 << 62;

/// What [`PACKED`] is in the numbers of pages.
pub const PACKED_PAGE: u64 = PACKED >> PAGE_SHIFT;

/// A source of pages: a device's page cache, a directory's page cache, a vector in a test.
///
/// ```
/// use cofs_core::{pages, Error, Pages, Result};
///
/// struct Zeros;
///
/// impl Pages for Zeros {
///     type Page = Box<[u8]>;
///
///     fn page(&self, index: u64) -> Result<Self::Page> {
///         if index > 1 {
///             return Err(Error::IO);
///         }
///         Ok(vec![0; 4096].into())
///     }
/// }
///
/// let mut bytes = [1; 8];
/// pages::fill(&Zeros, 4092, &mut bytes)?;
/// assert_eq!(bytes, [0; 8]);
/// assert_eq!(pages::fill(&Zeros, 8190, &mut bytes), Err(Error::IO));
/// # Ok::<(), Error>(())
/// ```
pub trait Pages {
    /// A page that stays readable for as long as it is held: exactly [`PAGE_SIZE`] bytes.
    type Page: Deref<Target = [u8]>;

    /// Returns page number `index` of the source. With [`METABOX_PAGE`] in it, it is a page of the
    /// metabox, of which only images that have one speak, and which is not there behind its size.
    /// With [`PACKED_PAGE`] the same is true of the packed inode.
    fn page(&self, index: u64) -> Result<Self::Page>;

    /// The byte of the source which is byte 0 to the reader: 0, unless the source is [`Shifted`].
    /// Who wants the page of a byte asks [`locate`], which adds this.
    fn origin(&self) -> u64 {
        0
    }

    /// The byte where the source, but for its special inodes, ends to the reader, or `u64::MAX`. A
    /// source may lend pages behind it, as the page cache of a device does, without end: what an
    /// image has as many of as it likes must lie before it.
    fn end(&self) -> u64 {
        u64::MAX
    }
}

impl<P: Pages + ?Sized> Pages for &P {
    type Page = P::Page;

    fn page(&self, index: u64) -> Result<Self::Page> {
        (**self).page(index)
    }

    fn origin(&self) -> u64 {
        (**self).origin()
    }

    fn end(&self) -> u64 {
        (**self).end()
    }
}

/// A source of which what counts starts at an offset: an image behind a header.
///
/// The pages stay those of the source. So blocks stay in one page each if the offset is a multiple
/// of their size, and nothing is copied.
///
/// ```
/// use cofs_core::pages::{self, Memory, Shifted};
///
/// let bytes: Vec<u8> = (0..8192u32).map(|at| (at / 512) as u8).collect();
/// let shifted = Shifted::new(Memory(&bytes), 1536);
/// let mut out = [0; 2];
/// pages::fill(&shifted, 4096 - 1536 - 1, &mut out)?;
/// assert_eq!(out, [7, 8]);
/// // The page of a byte, and the byte's place there.
/// let (page, at) = pages::locate(&shifted, 4096)?;
/// assert_eq!((page.len(), at), (4096, 1536));
/// # Ok::<(), cofs_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shifted<P> {
    pages: P,
    offset: u64,
}

impl<P: Pages> Shifted<P> {
    /// What `pages` has at byte `offset` and behind it.
    pub fn new(pages: P, offset: u64) -> Self {
        Self { pages, offset }
    }
}

impl<P: Pages> Pages for Shifted<P> {
    type Page = P::Page;

    fn page(&self, index: u64) -> Result<Self::Page> {
        self.pages.page(index)
    }

    fn origin(&self) -> u64 {
        // No source reaches as far as 64 bits do: what is cut off here is not there.
        self.pages.origin().saturating_add(self.offset)
    }

    fn end(&self) -> u64 {
        self.pages.end().saturating_sub(self.offset)
    }
}

/// An image in memory. Its last page must be whole to be read.
///
/// ```
/// use cofs_core::{pages::Memory, Error, Pages};
///
/// let bytes = vec![7; 4097];
/// let memory = Memory(&bytes);
/// assert_eq!(memory.page(0)?, &bytes[..4096]);
/// assert_eq!(memory.page(1), Err(Error::IO));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a>(pub &'a [u8]);

impl<'a> Pages for Memory<'a> {
    type Page = &'a [u8];

    fn page(&self, index: u64) -> Result<Self::Page> {
        index
            .checked_mul(PAGE_SIZE)
            .and_then(|start| self.0.get(num::to_usize(start)..))
            .and_then(|rest| rest.get(..num::to_usize(PAGE_SIZE)))
            .ok_or(Error::IO)
    }

    fn end(&self) -> u64 {
        num::to_u64(self.0.len())
    }
}

/// Reads from a source in ascending order mostly, and so keeps the last page at hand.
pub(crate) struct Cursor<P: Pages> {
    pages: P,
    held: Option<(u64, P::Page)>,
}

impl<P: Pages> Cursor<P> {
    pub(crate) fn new(pages: P) -> Self {
        Self { pages, held: None }
    }

    /// What it reads from.
    pub(crate) fn source(&self) -> &P {
        &self.pages
    }

    /// The bytes from `pos` to the end of its page: at least one.
    pub(crate) fn rest_of_page(&mut self, pos: u64) -> Result<&[u8]> {
        let pos = in_source(&self.pages, pos)?;
        let index = pos >> PAGE_SHIFT;
        if !matches!(self.held, Some((held, _)) if held == index) {
            // Let go of the old page first: a source may be able to lend only one.
            self.held = None;
            self.held = Some((index, self.pages.page(index)?));
        }
        let page: &[u8] = match &self.held {
            Some((_, page)) => page,
            None => &[],
        };
        if num::to_u64(page.len()) != PAGE_SIZE {
            return Err(Error::IO);
        }
        page.get(num::to_usize(pos & (PAGE_SIZE - 1))..)
            .ok_or(Error::IO)
    }

    /// Copies the bytes at `pos` into `out`.
    pub(crate) fn fill(&mut self, mut pos: u64, mut out: &mut [u8]) -> Result<()> {
        while !out.is_empty() {
            let rest = self.rest_of_page(pos)?;
            let len = min(rest.len(), out.len());
            let (head, tail) = mem::take(&mut out)
                .split_at_mut_checked(len)
                .ok_or(Error::IO)?;
            head.copy_from_slice(rest.get(..len).ok_or(Error::IO)?);
            out = tail;
            pos = advance(pos, num::to_u64(len))?;
        }
        Ok(())
    }

    /// Copies a piece of a table that is as long as the image says.
    pub(crate) fn fill_entry(&mut self, pos: u64, out: &mut [u8]) -> Result<()> {
        in_table(&self.pages, pos)?;
        self.fill(pos, out)
    }

    /// Copies an entry of such a table.
    pub(crate) fn read_entry<T: FromBytes + IntoBytes>(&mut self, pos: u64) -> Result<T> {
        in_table(&self.pages, pos)?;
        self.read(pos)
    }

    /// Copies an on-disk structure.
    #[inline]
    pub(crate) fn read<T: FromBytes + IntoBytes>(&mut self, pos: u64) -> Result<T> {
        if let Ok((value, _)) = T::read_from_prefix(self.rest_of_page(pos)?) {
            return Ok(value);
        }
        let mut value = T::new_zeroed();
        self.fill(pos, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Whether the bytes at `pos` are `expected`.
    pub(crate) fn equals(&mut self, mut pos: u64, mut expected: &[u8]) -> Result<bool> {
        while !expected.is_empty() {
            let rest = self.rest_of_page(pos)?;
            let len = min(rest.len(), expected.len());
            let (head, tail) = expected.split_at_checked(len).ok_or(Error::IO)?;
            if rest.get(..len) != Some(head) {
                return Ok(false);
            }
            expected = tail;
            pos = advance(pos, num::to_u64(len))?;
        }
        Ok(true)
    }
}

/// `pos + len`, where a sum past 64 bits shows a bad address in the image.
#[inline]
pub(crate) fn advance(pos: u64, len: u64) -> Result<u64> {
    pos.checked_add(len)
        .ok_or(Error::Corrupt("metadata address overflows"))
}

/// Where what a source has ends for who comes upon byte `pos`.
pub(crate) fn end_for<P: Pages + ?Sized>(pages: &P, pos: u64) -> u64 {
    if is_special(pos) {
        return u64::MAX;
    }
    pages.end()
}

/// That byte `pos`, of a table that is as long as the image says, is there.
#[inline]
fn in_table<P: Pages + ?Sized>(pages: &P, pos: u64) -> Result<()> {
    if pos >= end_for(pages, pos) {
        return Err(Error::Corrupt("metadata leaves the image"));
    }
    Ok(())
}

/// Whether byte `pos` is one of a special inode.
fn is_special(pos: u64) -> bool {
    pos & (METABOX | PACKED) != 0
}

/// Where in the source byte `pos` is: special inodes are not behind what the image is behind.
fn in_source<P: Pages + ?Sized>(pages: &P, pos: u64) -> Result<u64> {
    if is_special(pos) {
        return Ok(pos);
    }
    advance(pages.origin(), pos)
}

/// The page that byte `pos` lies in, and where in that page it is.
pub fn locate<P: Pages + ?Sized>(pages: &P, pos: u64) -> Result<(P::Page, usize)> {
    let pos = in_source(pages, pos)?;
    let page = pages.page(pos >> PAGE_SHIFT)?;
    Ok((page, num::to_usize(pos & (PAGE_SIZE - 1))))
}

/// Reads an on-disk structure at byte `pos`; it may cross pages.
pub fn read_struct<P: Pages + ?Sized, T: FromBytes + IntoBytes>(pages: &P, pos: u64) -> Result<T> {
    Cursor::new(pages).read(pos)
}

/// Copies the bytes at `pos` into `out`; they may cross pages.
pub fn fill<P: Pages + ?Sized>(pages: &P, pos: u64, out: &mut [u8]) -> Result<()> {
    Cursor::new(pages).fill(pos, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        vec,
        vec::Vec, //
    };

    fn bytes() -> Vec<u8> {
        (0..3 * PAGE_SIZE).map(|at| (at / 16) as u8).collect()
    }

    #[test]
    fn ranges_may_cross_pages() {
        let bytes = bytes();
        let memory = Memory(&bytes);
        for (pos, len) in [(0, 1), (4095, 1), (4096, 4096), (4090, 5000), (100, 0)] {
            let mut out = vec![0xee; len];
            fill(&memory, num::to_u64(pos), &mut out).unwrap();
            assert_eq!(out, bytes[pos..pos + len]);
            let mut cursor = Cursor::new(memory);
            assert_eq!(cursor.equals(num::to_u64(pos), &out), Ok(true));
            if let Some(last) = out.last_mut() {
                *last ^= 1;
                assert_eq!(cursor.equals(num::to_u64(pos), &out), Ok(false));
            }
        }
        let value: zerocopy::little_endian::U32 = read_struct(&memory, 4094).unwrap();
        assert_eq!(value.get(), 0x0000_ffff);
    }

    #[test]
    fn ranges_end_with_the_source() {
        let bytes = bytes();
        let memory = Memory(&bytes);
        assert_eq!(fill(&memory, 12_280, &mut [0; 8]), Ok(()));
        assert_eq!(fill(&memory, 12_280, &mut [0; 9]), Err(Error::IO));
        assert_eq!(fill(&memory, u64::MAX, &mut [0; 1]), Err(Error::IO));
    }

    #[test]
    fn addresses_do_not_wrap() {
        struct Endless;

        impl Pages for Endless {
            type Page = Vec<u8>;

            fn page(&self, _: u64) -> Result<Vec<u8>> {
                Ok(vec![0; 4096])
            }
        }

        assert!(matches!(
            fill(&Endless, u64::MAX - 1, &mut [0; 3]),
            Err(Error::Corrupt(_))
        ));
    }

    #[test]
    fn pages_of_another_size_are_refused() {
        struct Short;

        impl Pages for Short {
            type Page = Vec<u8>;

            fn page(&self, _: u64) -> Result<Vec<u8>> {
                Ok(vec![0; 4095])
            }
        }

        assert_eq!(fill(&Short, 0, &mut [0; 1]), Err(Error::IO));
    }
}
