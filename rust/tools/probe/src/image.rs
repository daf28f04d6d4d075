// SPDX-License-Identifier: GPL-2.0
//! The reference reader: an image as a mount would show it, without a kernel. The format is
//! cofs_core's; what the VFS adds to it is here.

mod attributes;
mod decoded;

use std::ffi::{CStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use cofs_core::devices::{resolve, Mode, Table};
use cofs_core::pages::{self, METABOX_PAGE, PAGE_SIZE};
use cofs_core::xattr::LongPrefixes;
use cofs_core::{lookup, map, readdir, Error, Inode, Kind, Layout, Pages, Place, SuperBlock};
use cofs_reader::{crc32c, Cache};
use rustix::fs::FileType;
use rustix::io::{self, Errno};

use crate::walk::{Dirent, Stat, Tree};

/// The errno of the kernel for what is wrong with an image.
fn errno(error: Error) -> Errno {
    match error {
        Error::Corrupt(_) => Errno::UCLEAN,
        Error::Invalid(_) => Errno::INVAL,
        Error::Unsupported(_) => Errno::OPNOTSUPP,
        Error::BadChecksum => Errno::BADMSG,
        Error::NoData => Errno::NODATA,
        Error::Range => Errno::RANGE,
        Error::NameTooLong => Errno::NAMETOOLONG,
        Error::NoDevice => Errno::NODEV,
        Error::Source(number) => Errno::from_raw_os_error(number),
    }
}

/// The page cache of the device: behind the device's end it has zeros.
struct Device<'a> {
    bytes: &'a [u8],
    /// The pages of the metabox, decoded.
    metabox: Vec<cofs_core::Result<Box<[u8]>>>,
}

/// Larger ones have no place in a test: their pages are errors.
const MOST_METABOX: u64 = 16 << 20;

impl Pages for Device<'_> {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> cofs_core::Result<Self::Page> {
        if index & METABOX_PAGE != 0 {
            let page = self.metabox.get((index & !METABOX_PAGE) as usize);
            return page.cloned().unwrap_or(Err(Error::IO));
        }
        let start = index.checked_mul(PAGE_SIZE).ok_or(Error::IO)?;
        let mut page = vec![0; PAGE_SIZE as usize];
        if let Some(rest) = self.bytes.get(start as usize..) {
            let len = rest.len().min(page.len());
            page[..len].copy_from_slice(&rest[..len]);
        }
        Ok(page.into())
    }

    fn end(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Device<'_> {
    /// What a read of the device itself gives: an error where that ends.
    fn read(&self, pos: u64, out: &mut [u8]) -> cofs_core::Result<()> {
        let end = pos.checked_add(out.len() as u64).ok_or(Error::IO)?;
        let bytes = self
            .bytes
            .get(pos as usize..end as usize)
            .ok_or(Error::IO)?;
        out.copy_from_slice(bytes);
        Ok(())
    }
}

/// An image as it is mounted with no options but its extra devices.
pub(crate) struct Image<'a> {
    device: Device<'a>,
    extra: Vec<Device<'a>>,
    slots: Vec<cofs_core::Device>,
    mode: Mode,
    sb: SuperBlock,
    /// Of which only the pages of the metabox are read without.
    prefixes: Option<LongPrefixes>,
    root: Inode,
    /// Compressed files are read, and not refused.
    decodes: bool,
    cache: Cache,
}

impl<'a> Image<'a> {
    /// What mount(2) does, and the errno by which it refuses.
    pub(crate) fn mount(bytes: &'a [u8]) -> io::Result<Self> {
        Self::with_devices(bytes, &[])
    }

    /// The same with extra devices. Compressed files are read where DECODED is set.
    pub(crate) fn with_devices(bytes: &'a [u8], extra: &[&'a [u8]]) -> io::Result<Self> {
        // A device has whole sectors.
        let whole = |bytes: &'a [u8]| Device {
            bytes: &bytes[..bytes.len() & !511],
            metabox: Vec::new(),
        };
        let device = whole(bytes);
        let extra: Vec<_> = extra.iter().map(|bytes| whole(bytes)).collect();
        let decodes = std::env::var_os("DECODED").is_some();
        let sb = if decodes {
            SuperBlock::read_any(&device, crc32c)
        } else {
            SuperBlock::read_with_devices(&device, crc32c)
        }
        .map_err(errno)?;
        let mode = Mode::new(&sb, extra.len()).map_err(errno)?;
        let slots = (0..sb.extra_devices())
            .map(|index| cofs_core::Device::read(&device, &sb, index).map_err(errno))
            .collect::<io::Result<_>>()?;
        let first = sb.metabox_nid().unwrap_or(sb.root_nid());
        let mut image = Self {
            root: inode(&device, &sb, first, decodes)?,
            device,
            extra,
            slots,
            mode,
            prefixes: None,
            decodes,
            cache: Cache::default(),
            sb,
        };
        if image.sb.metabox_nid().is_some() {
            let pages = image.root.size().min(MOST_METABOX).div_ceil(PAGE_SIZE);
            let page = |index| image.page(&image.root, index).map(Vec::into_boxed_slice);
            image.device.metabox = (0..pages).map(page).collect();
            image.root = image.inode(image.sb.root_nid())?;
        }
        image.prefixes = Some(LongPrefixes::load(&image.device, &image.sb).map_err(errno)?);
        if image.root.kind() != Kind::Directory {
            return Err(Errno::INVAL);
        }
        Ok(image)
    }

    /// The inode that a path leads to.
    pub(crate) fn find(&self, path: &Path) -> io::Result<Inode> {
        let mut way = vec![self.root.clone()];
        for name in path {
            let dir = way.last().ok_or(Errno::NOENT)?;
            if dir.kind() != Kind::Directory {
                return Err(Errno::NOTDIR);
            }
            let data = Data { image: self, dir };
            let found = lookup(&data, &self.sb, dir.size(), name.as_bytes()).map_err(errno)?;
            let next = self.inode(found.ok_or(Errno::NOENT)?.nid)?;
            // The VFS has one place for each directory, and none below itself.
            let above = way.iter().any(|inode| inode.nid() == next.nid());
            if next.kind() == Kind::Directory && above {
                return Err(Errno::LOOP);
            }
            way.push(next);
        }
        way.pop().ok_or(Errno::NOENT)
    }

    /// The byte where the inode lies that a path leads to.
    pub(crate) fn position(&self, path: &Path) -> io::Result<u64> {
        let inode = self.find(path)?;
        self.sb.inode_pos(inode.nid()).map_err(errno)
    }

    /// The superblock.
    pub(crate) fn superblock(&self) -> &SuperBlock {
        &self.sb
    }

    /// The inode of node `nid`.
    pub(crate) fn inode(&self, nid: u64) -> io::Result<Inode> {
        inode(&self.device, &self.sb, nid, self.decodes)
    }

    /// One page of a file, as the page cache has it: what cannot be had whole is EIO, but of compressed
    /// files it is said what is wrong.
    fn page(&self, inode: &Inode, index: u64) -> cofs_core::Result<Vec<u8>> {
        let mut page = vec![0; PAGE_SIZE as usize];
        let start = index.checked_mul(PAGE_SIZE).ok_or(Error::IO)?;
        let in_file = inode.size().saturating_sub(start).min(PAGE_SIZE);
        let whole = in_file.next_multiple_of(self.sb.block_size());
        let mut at = 0;
        if self.decodes && matches!(inode.layout(), Layout::Compressed { .. }) {
            self.decode(inode, start, &mut page[..in_file as usize])?;
            return Ok(page);
        }
        while at < whole {
            let extent = map(&self.device, &self.sb, inode, start + at, whole - at)
                .map_err(|_| Error::IO)?;
            let end = (at + extent.len).min(whole);
            let piece = &mut page[at as usize..end as usize];
            match extent.place {
                Place::Hole => {}
                Place::Meta { pos } => pages::fill(&self.device, pos, piece)?,
                Place::Device { device, pos } => {
                    self.read_device(device, pos, piece)
                        .map_err(|_| Error::IO)?;
                }
            }
            at = end;
        }
        page[in_file as usize..].fill(0);
        Ok(page)
    }

    /// Bytes of the image's devices, wherever the mount has them.
    fn read_device(&self, device: u16, mut pos: u64, mut out: &mut [u8]) -> cofs_core::Result<()> {
        let table = Table::new(&self.sb, &self.slots, self.mode, 0)?;
        while !out.is_empty() {
            let piece = resolve(&table, device, pos, out.len() as u64)?;
            let (head, rest) = out.split_at_mut(piece.len as usize);
            let own = match piece.device {
                0 => &self.device,
                number => self
                    .extra
                    .get(usize::from(number) - 1)
                    .ok_or(Error::NoDevice)?,
            };
            own.read(piece.pos, head)?;
            pos += piece.len;
            out = rest;
        }
        Ok(())
    }

    /// pread(2) of a regular file, all of `out`, which must end in the file.
    pub(crate) fn read(&self, path: &Path, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inode = self.find(path)?;
        let mut done = 0;
        while done < out.len() {
            let pos = offset + done as u64;
            let page = self.page(&inode, pos / PAGE_SIZE).map_err(errno)?;
            let rest = &page[(pos % PAGE_SIZE) as usize..];
            let len = rest.len().min(out.len() - done);
            out[done..done + len].copy_from_slice(&rest[..len]);
            done += len;
        }
        Ok(())
    }

    /// open(2) of a regular file.
    pub(crate) fn open(&self, path: &Path) -> io::Result<()> {
        match self.find(path)?.layout() {
            Layout::Compressed { .. } if !self.decodes => Err(Errno::OPNOTSUPP),
            _ => Ok(()),
        }
    }
}

/// What the kernel does to have an inode: more than reading it.
fn inode(device: &Device<'_>, sb: &SuperBlock, nid: u64, decodes: bool) -> io::Result<Inode> {
    let inode = Inode::read(device, sb, nid).map_err(errno)?;
    let compressed = matches!(inode.layout(), Layout::Compressed { .. });
    if compressed && !decodes && matches!(inode.kind(), Kind::Directory | Kind::Symlink) {
        return Err(Errno::OPNOTSUPP);
    }
    Ok(inode)
}

/// A directory's data.
struct Data<'a> {
    image: &'a Image<'a>,
    dir: &'a Inode,
}

impl Pages for Data<'_> {
    type Page = Vec<u8>;

    fn page(&self, index: u64) -> cofs_core::Result<Vec<u8>> {
        self.image.page(self.dir, index)
    }
}

impl Tree for Image<'_> {
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let inode = self.find(path)?;
        // An id that means "none" is shown as the one for ids that cannot be shown.
        let id = |id: u32| if id == u32::MAX { 65_534 } else { id };
        let rdev = inode.rdev();
        // The VFS carries whole seconds over in all times but the one that the image has.
        let (seconds, nanoseconds) = inode.mtime();
        let carried = (
            seconds.wrapping_add((nanoseconds / 1_000_000_000).into()),
            nanoseconds % 1_000_000_000,
        );
        Ok(Stat {
            mode: inode.mode().into(),
            uid: id(inode.uid()),
            gid: id(inode.gid()),
            nlink: inode.nlink(),
            size: inode.size(),
            blocks: inode.blocks(),
            block_size: self.sb.block_size() as u32,
            device: (
                (rdev >> 8) & 0xfff,
                (rdev & 0xff) | ((rdev >> 12) & 0xf_ff00),
            ),
            ino: inode.ino(),
            times: [inode.mtime(), carried, carried],
            mount: String::new(),
        })
    }

    fn list(&self, path: &Path) -> io::Result<(Vec<Dirent>, Option<Errno>)> {
        let dir = self.find(path)?;
        let mut found = Vec::new();
        let mut bad = None;
        let data = Data {
            image: self,
            dir: &dir,
        };
        let read = readdir(&data, &self.sb, dir.size(), 0, |entry| {
            // The VFS gives out no name that is a path.
            if entry.name.contains(&b'/') {
                bad = Some(Errno::IO);
                return false;
            }
            // User space sees a C string.
            let name = entry.name.split(|b| *b == 0).next().unwrap_or_default();
            found.push(Dirent {
                name: OsString::from_vec(name.to_vec()),
                kind: kind(entry.file_type),
                ino: self.sb.ino(entry.nid),
                cookie: entry.next_pos(),
            });
            found.len() <= crate::walk::MOST_NAMES
        });
        let error = bad.or(read.err().map(errno));
        if error.is_none() && dir.dot_omitted() {
            found.push(Dirent {
                name: ".".into(),
                kind: FileType::Directory,
                ino: dir.ino(),
                cookie: dir.size() + 1,
            });
        }
        Ok((found, error))
    }

    fn target(&self, path: &Path) -> io::Result<Vec<u8>> {
        let link = self.find(path)?;
        let mut target = match link.fast_link() {
            Some(pos) => {
                let mut bytes = vec![0; link.size() as usize];
                pages::fill(&self.device, pos, &mut bytes).map_err(errno)?;
                bytes
            }
            // The target of a link is at most a page, its NUL included.
            None => {
                let mut page = self.page(&link, 0).map_err(errno)?;
                page.truncate((PAGE_SIZE as usize - 1).min(link.size() as usize));
                page
            }
        };
        target.truncate(target.iter().position(|b| *b == 0).unwrap_or(target.len()));
        Ok(target)
    }

    fn attributes(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.list_attributes(&self.find(path)?)
    }

    fn attribute(&self, path: &Path, name: &CStr) -> io::Result<Vec<u8>> {
        self.get_attribute(&self.find(path)?, name.to_bytes())
    }
}

/// `FT_*` of a directory entry.
fn kind(file_type: u8) -> FileType {
    match file_type {
        1 => FileType::RegularFile,
        2 => FileType::Directory,
        3 => FileType::CharacterDevice,
        4 => FileType::BlockDevice,
        5 => FileType::Fifo,
        6 => FileType::Socket,
        7 => FileType::Symlink,
        _ => FileType::Unknown,
    }
}
