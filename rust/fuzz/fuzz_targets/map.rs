// SPDX-License-Identifier: GPL-2.0

//! The map of every inode's data: in order, without gaps, inside the device, and the same from
//! wherever it is asked.

#![no_main]

use cofs_core::{
    data,
    devices::{
        resolve,
        Mode, //
    },
    map,
    Error,
    Extent,
    Inode,
    Layout,
    Place,
    SuperBlock, //
};
use cofs_fuzz::{
    Bytes,
    Image,
    Mounted,
    FSOFFSET, //
};
use libfuzzer_sys::fuzz_target;

/// As many extents of an image are looked at: chunks of many inodes may claim the same entries.
const MOST_EXTENTS: usize = 4000;

/// Where an extent lies on the devices that a mount has: inside each of them.
fn on_devices(mounted: &Mounted, mode: Mode, device: u16, pos: u64, len: u64) {
    let sb = &mounted.sb;
    let table = mounted.table(mode);
    let bytes = |blocks: u64| u128::from(blocks) << sb.block_bits();
    // A piece ends with the extent, or where one of the devices starts or ends.
    let mut most = 2 * mounted.devices.len() + 2;
    let mut done = 0;
    while done < len {
        let piece = match resolve(&table, device, pos + done, len - done) {
            Ok(piece) => piece,
            Err(Error::Corrupt(_)) => return,
            Err(error) => panic!("{error:?} for a device that is in the table"),
        };
        assert!((1..=len - done).contains(&piece.len));
        let end = u128::from(piece.pos) + u128::from(piece.len);
        match (mode, usize::from(piece.device).checked_sub(1)) {
            (Mode::Flat, Some(_)) => panic!("there is one device"),
            (Mode::Flat, None) => assert!(piece.pos >= FSOFFSET),
            (Mode::Separate, None) => {
                assert!(piece.pos >= FSOFFSET);
                assert!(end <= bytes(sb.blocks()) + u128::from(FSOFFSET));
            }
            (Mode::Separate, Some(index)) => match mounted.devices[index].blocks {
                // Then the device itself is the bound.
                0 => assert_eq!(piece.device, device),
                blocks => assert!(end <= bytes(blocks)),
            },
        }
        done += piece.len;
        most = most.checked_sub(1).expect("more pieces than borders");
    }
}

fn ask(
    image: &Image<'_>,
    mounted: &Mounted,
    inode: &Inode,
    offset: u64,
    want: u64,
) -> Option<Extent> {
    let sb = &mounted.sb;
    // Entries are looked at as far as one block has them.
    let extent = image
        .within(2, |image| map(image, sb, inode, offset, want))
        .ok()?;
    assert_eq!(extent.offset, offset);
    assert!((1..=want).contains(&extent.len));
    let end = offset.saturating_add(extent.len);
    match extent.place {
        Place::Hole => (),
        Place::Device { device, pos } => {
            let last = pos.checked_add(extent.len).unwrap();
            if sb.needs_devices() {
                assert!(device <= sb.extra_devices());
                for mode in [Mode::Flat, Mode::Separate] {
                    on_devices(mounted, mode, device, pos, extent.len);
                }
            } else {
                assert_eq!(device, 0);
                assert!(last <= sb.blocks() << sb.block_bits());
            }
            assert!(end <= inode.size().next_multiple_of(sb.block_size()));
            if (offset | want) % sb.block_size() == 0 {
                assert_eq!((pos | extent.len) % sb.block_size(), 0);
            }
        }
        Place::Meta { pos } => {
            assert!(end <= inode.size());
            assert_eq!(
                pos / sb.block_size(),
                (pos + extent.len - 1) / sb.block_size()
            );
        }
    }
    Some(extent)
}

/// All extents up to the end of the file, or to what cannot be mapped.
fn extents(image: &Image<'_>, mounted: &Mounted, inode: &Inode, room: usize) -> Vec<Extent> {
    // Each entry of a chunk-based file has 4 bytes of the image; other layouts have no entries. What
    // an entry maps may lie on both sides of the border to the extra devices.
    let most = match inode.layout() {
        Layout::Chunk { .. } => 2 * (image.size() / 4) + 1,
        _ => 3,
    };
    let mut extents = Vec::new();
    let mut offset = 0;
    while offset < inode.size() && extents.len() < room {
        let Some(extent) = ask(image, mounted, inode, offset, u64::MAX - offset) else {
            break;
        };
        extents.push(extent);
        assert!(extents.len() as u64 <= most, "more extents than entries");
        offset += extent.len;
    }
    extents
}

/// Asked in the middle of an extent, the map gives the rest of it.
fn inside(image: &Image<'_>, mounted: &Mounted, inode: &Inode, whole: &Extent) {
    let end = whole.offset.saturating_add(whole.len).min(inode.size());
    let step = mounted.sb.block_size();
    for skip in [1, step - 1, step, whole.len / 2, whole.len - 1] {
        let offset = whole.offset.saturating_add(skip);
        if offset >= end {
            continue;
        }
        let place = match whole.place {
            Place::Hole => Place::Hole,
            Place::Device { device, pos } => Place::Device {
                device,
                pos: pos + skip,
            },
            Place::Meta { pos } => Place::Meta { pos: pos + skip },
        };
        for want in [1, step, u64::MAX - offset] {
            let part = ask(image, mounted, inode, offset, want).unwrap();
            assert_eq!(part.place, place);
            assert_eq!(
                part.offset.saturating_add(part.len).min(end),
                offset.saturating_add(want).min(end)
            );
        }
    }
}

/// Reading by the map and reading at once give the same bytes.
fn bytes(image: &Image<'_>, sb: &SuperBlock, inode: &Inode, extent: &Extent) {
    let len = extent.len.min(inode.size() - extent.offset).min(600) as usize;
    let mut at_once = vec![0xee; len];
    let read = data::read(image, sb, inode, extent.offset, &mut at_once);
    let mut mapped = vec![0; len];
    let own = sb.blocks() << sb.block_bits();
    let by_map = match extent.place {
        Place::Hole => Ok(()),
        Place::Device { device, pos } if device != 0 || pos >= own => Err(Error::NoDevice),
        Place::Device { pos, .. } | Place::Meta { pos } => {
            cofs_core::pages::fill(image, pos, &mut mapped)
        }
    };
    assert_eq!(read.is_ok(), by_map.is_ok());
    assert!(read.is_err() || at_once == mapped);
}

fuzz_target!(|input: &[u8]| {
    let input_bytes = Bytes::new(input);
    let image = input_bytes.image();
    let Ok(mounted) = Mounted::new(&image) else {
        return;
    };
    let sb = &mounted.sb;
    let mut room = MOST_EXTENTS;
    for inode in mounted.inodes(&image) {
        let extents = extents(&image, &mounted, &inode, room);
        room -= extents.len();
        for extent in extents.iter().take(64) {
            inside(&image, &mounted, &inode, extent);
            bytes(&image, sb, &inode, extent);
        }
        assert_eq!(
            ask(&image, &mounted, &inode, inode.size(), 77).map(|past| (past.len, past.place)),
            Some((77, Place::Hole))
        );
    }
});
