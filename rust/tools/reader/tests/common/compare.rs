// SPDX-License-Identifier: GPL-2.0

//! Images compared with the tree they were made of: names, bytes and clusters.

use super::content::Random;
use cofs_core::{
    compressed::{
        Algorithm,
        File,
        Finder,
        Reach,
        Source, //
    },
    pages::Memory,
    readdir,
    Inode,
    Kind,
    Layout,
    Place, //
};
use cofs_reader::Image;
use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    ffi::OsStr,
    fs,
    ops::AddAssign,
    os::unix::ffi::OsStrExt,
    path::Path, //
};

/// What images had, by which it is known that a test tests something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) images: usize,
    pub(crate) files: usize,
    /// How many clusters there were of a kind.
    pub(crate) clusters: BTreeMap<String, usize>,
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.images += other.images;
        self.files += other.files;
        for (kind, count) in other.clusters {
            *self.clusters.entry(kind).or_default() += count;
        }
    }
}

/// Panics where the image differs from `tree`.
pub(crate) fn compare(image: &[u8], tree: &Path, options: &str) -> Seen {
    let image = Image::new(image.to_vec(), crc32c).unwrap_or_else(|e| panic!("{options}: {e:?}"));
    let mut compared = Compared {
        image: &image,
        options,
        seen: Seen {
            images: 1,
            ..Seen::default()
        },
    };
    let root = image.inode(image.superblock().root_nid()).unwrap();
    compared.compare(&root, tree);
    let special = [
        image.superblock().fragments_nid(),
        image.superblock().metabox_nid(),
    ];
    for nid in special.into_iter().flatten() {
        let inode = image.inode(nid).unwrap();
        compared.clusters(&inode);
    }
    compared.seen
}

struct Compared<'a> {
    image: &'a Image,
    options: &'a str,
    seen: Seen,
}

impl Compared<'_> {
    fn compare(&mut self, inode: &Inode, path: &Path) {
        let options = self.options;
        self.seen.files += 1;
        if matches!(inode.layout(), Layout::Compressed { .. }) {
            self.clusters(inode);
        }
        let bytes = self
            .image
            .bytes(inode)
            .unwrap_or_else(|e| panic!("{options}: {path:?}: {e:?}"));
        match inode.kind() {
            Kind::Directory => self.directory(inode, bytes, path),
            Kind::Symlink => {
                let target = fs::read_link(path).unwrap();
                assert_eq!(bytes, target.as_os_str().as_bytes(), "{options}: {path:?}");
            }
            Kind::Regular => {
                let expected = fs::read(path).unwrap();
                if bytes != expected {
                    let at = bytes.iter().zip(&expected).position(|(a, b)| a != b);
                    panic!("{options}: {path:?}: first wrong byte {at:?}");
                }
            }
            kind => panic!("{options}: {path:?} is a {kind:?}"),
        }
    }

    fn directory(&mut self, inode: &Inode, mut bytes: Vec<u8>, path: &Path) {
        let options = self.options;
        bytes.resize(bytes.len().next_multiple_of(4096), 0);
        let mut entries = BTreeMap::new();
        let read = readdir(
            &Memory(&bytes),
            self.image.superblock(),
            inode.size(),
            0,
            |entry| {
                entries.insert(entry.name.to_vec(), entry.nid);
                true
            },
        );
        assert_eq!(read, Ok(inode.size()), "{options}: {path:?}");
        entries.remove(&b"."[..]);
        entries.remove(&b".."[..]);
        let expected: BTreeSet<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().as_bytes().to_vec())
            .collect();
        assert!(expected.iter().eq(entries.keys()), "{options}: {path:?}");
        for (name, nid) in entries {
            let path = path.join(OsStr::from_bytes(&name));
            let child = self
                .image
                .inode(nid)
                .unwrap_or_else(|e| panic!("{options}: {path:?}: {e:?}"));
            self.compare(&child, &path);
        }
    }

    /// Clusters tile the file, and are the same wherever and however they are asked for.
    fn clusters(&mut self, inode: &Inode) {
        let (image, options) = (self.image, self.options);
        let file = File::read(image, image.superblock(), inode).unwrap();
        let mut finder = Finder::new(image, image.superblock(), &file);
        let mut random = Random::new(inode.size() as u32);
        let mut clusters = Vec::new();
        let mut offset = 0;
        while offset < inode.size() {
            let cluster = finder.find(offset, Reach::Whole).unwrap();
            assert_eq!(
                cluster.offset, offset,
                "{options}: not the start of an extent"
            );
            assert!(cluster.whole && cluster.len > 0);
            clusters.push(cluster);
            offset = cluster.end();
            *self.seen.clusters.entry(kind(&cluster.source)).or_default() += 1;
        }
        assert_eq!(offset, inode.size());
        for _ in 0..clusters.len().min(200) {
            let whole = clusters[random.below(clusters.len() as u32) as usize];
            let within = u64::from(random.next()) % whole.len;
            let mut new = Finder::new(image, image.superblock(), &file);
            let found = new.find(whole.offset + within, Reach::Whole);
            assert_eq!(found, Ok(whole), "{options}");
            for at in [whole.offset, whole.offset + within, whole.end() - 1] {
                assert_eq!(finder.find(at, Reach::Whole), Ok(whole), "{options}");
                let near = finder.find(at, Reach::Near).unwrap();
                assert_eq!((near.offset, near.source), (whole.offset, whole.source));
                assert!(near.end() > at && near.end() <= whole.end());
                assert!(!near.whole || near.len == whole.len);
            }
        }
    }
}

fn kind(source: &Source) -> String {
    match source {
        Source::Hole => "hole".into(),
        Source::Fragment { .. } => "fragment".into(),
        Source::Encoded(encoded) => {
            let place = match encoded.place {
                Place::Meta { .. } => " inline",
                _ => "",
            };
            let shared = if encoded.shared { " shared" } else { "" };
            let big = match encoded.algorithm {
                Algorithm::Shifted | Algorithm::Interlaced => "",
                _ if encoded.len > 4096 => " big",
                _ => "",
            };
            format!("{:?}{big}{place}{shared}", encoded.algorithm)
        }
    }
}

/// The kernel's crc32c: continues from `seed` and does not invert the result.
fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())
        })
    })
}
