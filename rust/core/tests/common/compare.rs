// SPDX-License-Identifier: GPL-2.0

//! Images compared with the trees they were made of.

use super::{
    pages::{
        crc32c,
        device_table,
        Behind,
        FilePages, //
    },
    walk::walk, //
};
use cofs_core::{
    data,
    devices::{
        Mode,
        Table, //
    },
    format::superblock::{
        COMPAT_PLAIN_XATTR_PFX,
        INCOMPAT_FRAGMENTS, //
    },
    lookup,
    pages::{
        self,
        Memory,
        Shifted, //
    },
    readdir,
    xattr::{
        self,
        LongPrefixes, //
    },
    Device,
    Error,
    Inode,
    Kind,
    Layout,
    SuperBlock, //
};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{
            FileTypeExt,
            MetadataExt, //
        },
    },
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

/// Attributes by path, and by name there.
type Xattrs = BTreeMap<PathBuf, BTreeMap<Vec<u8>, Vec<u8>>>;

/// An image as a mount has it.
pub(crate) struct Image {
    /// The device that is mounted, then the extra devices that it was given.
    sources: Vec<FilePages>,
    offset: u64,
    sb: SuperBlock,
    devices: Vec<Device>,
    mode: Mode,
}

impl Image {
    /// The image that starts at byte `offset` of the mounted device.
    pub(crate) fn new(mounted: Vec<u8>, extra: Vec<Vec<u8>>, offset: u64) -> Self {
        let given = extra.len();
        let sources: Vec<_> = [mounted]
            .into_iter()
            .chain(extra)
            .map(FilePages::new)
            .collect();
        let meta = Shifted::new(&sources[0], offset);
        let sb = SuperBlock::read_with_devices(&meta, crc32c).unwrap();
        Self {
            devices: device_table(&meta, &sb).unwrap(),
            mode: Mode::new(&sb, given).unwrap(),
            sources,
            offset,
            sb,
        }
    }

    pub(crate) fn devices(&self) -> &[Device] {
        &self.devices
    }

    pub(crate) fn superblock(&self) -> &SuperBlock {
        &self.sb
    }

    /// Panics where the image differs from `tree`.
    pub(crate) fn compare(&self, tree: &Path) {
        let tree = tree.canonicalize().unwrap();
        let mut compared = Compared {
            image: self,
            prefixes: LongPrefixes::load(&self.meta(), &self.sb).unwrap(),
            xattrs: xattrs_of(&tree),
            links: BTreeMap::new(),
            files: 0,
            skipped: 0,
        };
        let root = Inode::root(&self.meta(), &self.sb).unwrap();
        compared.compare(&root, &tree);
        let (files, skipped) = (compared.files, compared.skipped);
        println!("{}: {files} files, {skipped} compressed", tree.display());
        walk(&Behind::new(&self.sources[0], self.offset)).unwrap();
    }

    fn meta(&self) -> Shifted<&FilePages> {
        Shifted::new(&self.sources[0], self.offset)
    }

    fn inode(&self, nid: u64) -> Inode {
        Inode::read(&self.meta(), &self.sb, nid).unwrap()
    }

    fn bytes(&self, inode: &Inode) -> Vec<u8> {
        let mut bytes = vec![0; inode.size() as usize];
        let table = Table::new(&self.sb, &self.devices, self.mode, self.offset).unwrap();
        data::read_devices(
            &self.meta(),
            &table,
            inode,
            0,
            &mut bytes,
            |device, pos, piece| pages::fill(&self.sources[usize::from(device)], pos, piece),
        )
        .unwrap();
        bytes
    }
}

/// A comparison under way.
struct Compared<'a> {
    image: &'a Image,
    prefixes: LongPrefixes,
    xattrs: Xattrs,
    /// Node numbers of the files with several links, by source inode number.
    links: BTreeMap<u64, u64>,
    files: usize,
    skipped: usize,
}

/// All attributes of a tree, as getfattr tells them.
fn xattrs_of(tree: &Path) -> Xattrs {
    let output = Command::new("getfattr")
        .args(["-hRPd", "-m-", "-ehex", "--absolute-names"])
        .arg(tree)
        .output()
        .expect("getfattr is in package attr");
    let mut xattrs = Xattrs::new();
    let mut path = PathBuf::new();
    for line in output.stdout.split(|&byte| byte == b'\n') {
        if let Some(file) = line.strip_prefix(b"# file: ") {
            path = PathBuf::from(OsStr::from_bytes(file));
        } else if let Some(equals) = line.iter().position(|&byte| byte == b'=') {
            let hex = std::str::from_utf8(&line[equals + 1..]).unwrap();
            let hex = hex.strip_prefix("0x").unwrap_or("");
            let value = (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
                .collect();
            let of_path = xattrs.entry(path.clone()).or_default();
            of_path.insert(line[..equals].to_vec(), value);
        }
    }
    xattrs
}

impl Compared<'_> {
    fn inode(&self, nid: u64) -> Inode {
        self.image.inode(nid)
    }

    fn compare(&mut self, inode: &Inode, path: &Path) {
        let source = fs::symlink_metadata(path).unwrap();
        self.files += 1;
        assert_eq!(u32::from(inode.mode()), source.mode(), "{path:?}");
        assert_eq!((inode.uid(), inode.gid()), (source.uid(), source.gid()));
        assert_eq!(inode.mtime().0, source.mtime(), "{path:?}");
        self.compare_xattrs(inode, path);
        if inode.kind() != Kind::Directory {
            assert_eq!(u64::from(inode.nlink()), source.nlink(), "{path:?}");
            if source.nlink() > 1 {
                let nid = *self.links.entry(source.ino()).or_insert(inode.nid());
                assert_eq!(nid, inode.nid(), "{path:?}");
            }
        }
        if matches!(inode.layout(), Layout::Compressed { .. }) {
            self.skipped += 1;
            return;
        }
        match inode.kind() {
            Kind::Regular => {
                assert_eq!(inode.size(), source.len());
                // Not assert_eq, which would print them.
                let same = self.image.bytes(inode) == fs::read(path).unwrap();
                assert!(same, "{path:?}");
            }
            Kind::Symlink => {
                let target = fs::read_link(path).unwrap();
                assert_eq!(self.image.bytes(inode), target.as_os_str().as_bytes());
                if let Some(pos) = inode.fast_link() {
                    let mut bytes = vec![0; inode.size() as usize];
                    cofs_core::pages::fill(&self.image.meta(), pos, &mut bytes).unwrap();
                    assert_eq!(bytes, target.as_os_str().as_bytes());
                }
            }
            Kind::Directory => self.compare_directory(inode, path),
            Kind::CharDevice => {
                assert!(source.file_type().is_char_device());
                // The kernel's "new" encoding of small numbers.
                let (major, minor) = ((inode.rdev() >> 8) & 0xfff, inode.rdev() & 0xff);
                assert_eq!(u64::from((major << 8) | minor), source.rdev());
            }
            Kind::BlockDevice | Kind::Fifo | Kind::Socket => (),
        }
    }

    fn compare_directory(&mut self, inode: &Inode, path: &Path) {
        let mut bytes = self.image.bytes(inode);
        bytes.resize(bytes.len().next_multiple_of(4096), 0);
        let dir = Memory(&bytes);
        let sb = &self.image.sb;
        let mut entries = BTreeMap::new();
        let end = readdir(&dir, sb, inode.size(), 0, |entry| {
            let seen = entries.insert(entry.name.to_vec(), (entry.nid, entry.file_type));
            assert!(seen.is_none(), "{path:?} has a name twice");
            true
        });
        assert_eq!(end, Ok(inode.size()));
        for (name, (nid, file_type)) in &entries {
            let found = lookup(&dir, sb, inode.size(), name).unwrap().unwrap();
            assert_eq!((found.nid, found.file_type), (*nid, *file_type));
            let longer = [name, &b"~"[..]].concat();
            if longer.len() <= 255 && !entries.contains_key(&longer) {
                assert_eq!(lookup(&dir, sb, inode.size(), &longer), Ok(None));
            }
        }
        if let Some((nid, _)) = entries.remove(&b"."[..]) {
            assert_eq!(nid, inode.nid());
        } else {
            assert!(inode.dot_omitted());
        }
        entries.remove(&b".."[..]).unwrap();
        let sources: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().as_bytes().to_vec())
            .collect();
        assert_eq!(sources.len(), entries.len(), "{path:?}");
        for name in sources {
            let (nid, _) = entries[&name];
            let child = self.inode(nid);
            self.compare(&child, &path.join(OsStr::from_bytes(&name)));
        }
    }

    /// Whether the table of long prefixes lies in a packed inode that is compressed.
    fn prefixes_compressed(&self) -> bool {
        let sb = &self.image.sb;
        sb.xattr_prefix_count() != 0
            && !sb.has_compat(COMPAT_PLAIN_XATTR_PFX)
            && sb.has_incompat(INCOMPAT_FRAGMENTS)
            && matches!(
                self.inode(sb.packed_nid()).layout(),
                Layout::Compressed { .. }
            )
    }

    fn compare_xattrs(&self, inode: &Inode, path: &Path) {
        let (meta, sb) = (&self.image.meta(), &self.image.sb);
        let mut names = Vec::new();
        let listed = xattr::list(meta, sb, inode, &self.prefixes, |name| {
            names.push((name.index, [name.infix, name.suffix].concat()));
            Ok(())
        });
        if self.prefixes_compressed() {
            // Names with a long prefix are out of reach, others may be there.
            assert!(matches!(listed, Ok(()) | Err(Error::Unsupported(_))));
            return;
        }
        listed.unwrap();
        let mut found = BTreeMap::new();
        for (index, name) in names {
            let mut value = vec![0; 65536];
            let size =
                xattr::get(meta, sb, inode, &self.prefixes, index, &name, &mut value).unwrap();
            value.truncate(size);
            let prefix = match index {
                1 => "user.",
                2 => "system.posix_acl_access",
                3 => "system.posix_acl_default",
                4 => "trusted.",
                6 => "security.",
                _ => panic!("{path:?}: attribute index {index}"),
            };
            let name = [prefix.as_bytes(), &name].concat();
            if name == b"trusted.erofs.fingerprint" {
                // mkfs made it: it is in the image only.
                assert_eq!(size, 39);
                let id = sb.ishare_prefix().unwrap();
                let mut again = [0; 39];
                let sizes = xattr::get_long(meta, sb, inode, &self.prefixes, id, &mut again);
                assert_eq!((sizes, &again[..]), (Ok(39), &value[..]));
            } else {
                found.insert(name, value);
            }
        }
        let expected = self.xattrs.get(path).cloned().unwrap_or_default();
        assert_eq!(found, expected, "{path:?}");
    }
}
