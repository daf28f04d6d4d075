// SPDX-License-Identifier: GPL-2.0

//! Extra devices: their table, and where the bytes of files are on them.

mod common;

use cofs_core::{
    data,
    devices::{
        resolve,
        Mode,
        Piece,
        Table, //
    },
    map,
    pages,
    Device,
    Error,
    Inode,
    Place,
    Result,
    SuperBlock, //
};
use common::{
    image::{
        sb,
        Image,
        Node,
        CHUNK,
        PLAIN,
        REG, //
    },
    pages::{
        device_table,
        FilePages, //
    },
};
use proptest::prelude::*;

const NID: u64 = 16;

/// An image with a table of devices, each given by blocks and start.
fn with(devices: &[(u64, u64)]) -> (Image, SuperBlock, Vec<Device>) {
    let mut image = Image::new(12);
    let slots: Vec<_> = devices
        .iter()
        .map(|&(blocks, start)| (&b"tag"[..], blocks, start))
        .collect();
    image.devices(50, &slots);
    let sb = image.superblock_with_devices().unwrap();
    let table = device_table(&image.pages(), &sb).unwrap();
    (image, sb, table)
}

fn is_corrupt<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::Corrupt(_)))
}

#[test]
fn a_plain_mount_refuses_them() {
    let (image, sb, _) = with(&[(10, 64)]);
    assert!(sb.needs_devices());
    assert!(matches!(image.superblock(), Err(Error::Unsupported(_))));
    let sb = Image::new(12).superblock_with_devices().unwrap();
    assert!(!sb.needs_devices());
    assert_eq!((sb.extra_devices(), sb.device_id_mask()), (0, 0));
}

#[test]
fn without_the_feature_there_are_none() {
    let (mut image, _, _) = with(&[(10, 64)]);
    image.sb32(sb::FEATURE_INCOMPAT, 0);
    let sb = image.superblock_with_devices().unwrap();
    assert_eq!((sb.extra_devices(), sb.device_id_mask()), (0, 0));
    let slot = Device::read(&image.pages(), &sb, 0);
    assert_eq!(slot, Err(Error::NoDevice));
}

#[test]
fn the_mask_has_room_for_each_number() {
    let mut image = Image::new(12);
    image.sb32(sb::FEATURE_INCOMPAT, 0x8);
    for count in 1..=u16::MAX {
        image.sb16(sb::EXTRA_DEVICES, count);
        if count < 300 || count.count_ones() == 1 || count.count_zeros() == 0 {
            let sb = image.superblock_with_devices().unwrap();
            let mask = (u32::from(count) + 1).next_power_of_two() - 1;
            assert_eq!(u32::from(sb.device_id_mask()), mask, "{count}");
        }
    }
}

#[test]
fn reads_slots() {
    let (mut image, sb, devices) = with(&[(10, 64), ((3 << 32) | 7, (5 << 32) | 9)]);
    assert_eq!(sb.device_table_pos(), 50 << 12);
    assert_eq!((devices[0].blocks, devices[0].start), (10, 64));
    // The high halves are there with 48 bits only.
    assert_eq!((devices[1].blocks, devices[1].start), (7, 9));
    image.sb32(sb::FEATURE_INCOMPAT, 0x88);
    let sb = image.superblock_with_devices().unwrap();
    let pages = image.pages();
    let device = Device::read(&pages, &sb, 1).unwrap();
    assert_eq!(device.blocks, (3 << 32) | 7);
    assert_eq!(device.start, (5 << 32) | 9);
    assert_eq!(Device::read(&pages, &sb, 2), Err(Error::NoDevice));

    // A table where there is no image.
    image.sb16(sb::DEVT_SLOTOFF, u16::MAX);
    let sb = image.superblock_with_devices().unwrap();
    assert_eq!(Device::read(&image.pages(), &sb, 0), Err(Error::IO));
}

#[test]
fn a_name_is_not_empty() {
    let (_, _, devices) = with(&[(10, 64)]);
    let mut device = devices[0];
    assert_eq!(device.name(), Ok(&b"tag"[..]));
    device.tag = [7; 64];
    assert_eq!(device.name(), Ok(&[7; 64][..]));
    device.tag[0] = 0;
    assert!(matches!(device.name(), Err(Error::Invalid(_))));
}

#[test]
fn a_mount_has_all_devices_or_none() {
    let (_, sb, devices) = with(&[(10, 64), (5, 74)]);
    assert_eq!(Mode::new(&sb, 0), Ok(Mode::Flat));
    assert_eq!(Mode::new(&sb, 2), Ok(Mode::Separate));
    for given in [1, 3, 65_538] {
        assert!(matches!(Mode::new(&sb, given), Err(Error::Invalid(_))));
    }
    let short = Table::new(&sb, &devices[1..], Mode::Flat, 0);
    assert_eq!(short.map(|_| ()), Err(Error::NoDevice));
    let table = Table::new(&sb, &devices, Mode::Flat, 0).unwrap();
    assert_eq!(table.blocks(), 64 + 10 + 5);

    // Nor may a mount of one device be given others.
    let sb = Image::new(12).superblock().unwrap();
    assert!(matches!(Mode::new(&sb, 1), Err(Error::Invalid(_))));
}

/// A file in chunks of a block, given by device and address.
fn chunks(devices: &[(u64, u64)], wide: bool, chunks: &[(u16, u64)]) -> (FilePages, SuperBlock) {
    let (mut image, _, _) = with(devices);
    if wide {
        image.sb32(sb::FEATURE_INCOMPAT, 0x88);
    }
    let node = Node {
        format: CHUNK,
        mode: REG,
        size: (chunks.len() as u64) << 12,
        u: if wide { 0x60 } else { 0x20 },
        ..Node::default()
    };
    image.extended(NID, node);
    let pos = image.node(NID) + 64;
    for (number, (device, addr)) in chunks.iter().enumerate() {
        let mut entry = ((addr >> 32) as u16).to_le_bytes().to_vec();
        entry.extend(device.to_le_bytes());
        entry.extend((*addr as u32).to_le_bytes());
        image.put(pos + number * 8, &entry);
    }
    (image.pages(), image.superblock_with_devices().unwrap())
}

#[test]
fn chunks_name_devices() {
    let null = u64::from(u32::MAX);
    let (pages, sb) = chunks(
        &[(100, 64), (100, 164), (100, 264)],
        false,
        &[
            // Of the device's number two bits count, of the address 32.
            (1, 20),
            (0xff01, (9 << 32) | 21),
            // Neither another device nor another place is joined.
            (2, 22),
            (2, 24),
            // All ones are a hole on whatever device.
            (3, null),
            (0, (7 << 32) | null),
            // There is no bound to devices yet, but to the image's own blocks.
            (3, 200),
            (0, 63),
            (0, 64),
        ],
    );
    let inode = Inode::read(&pages, &sb, NID).unwrap();
    let mut found = Vec::new();
    let mut offset = 0;
    while offset < inode.size() {
        let extent = map(&pages, &sb, &inode, offset, 1 << 30).unwrap();
        let place = match extent.place {
            Place::Device { device, pos } => Some((device, pos >> 12)),
            place => {
                assert_eq!(place, Place::Hole);
                None
            }
        };
        found.push((place, extent.len >> 12));
        offset += extent.len;
    }
    let expected = [
        (Some((1, 20)), 2),
        (Some((2, 22)), 1),
        (Some((2, 24)), 1),
        (None, 2),
        (Some((3, 200)), 1),
        (Some((0, 63)), 1),
        (Some((0, 64)), 1),
    ];
    assert_eq!(found, expected);
}

#[test]
fn devices_that_are_not_there() {
    // Four devices have three bits, and so numbers up to 7.
    let devices = [(100, 64); 4];
    for (device, result) in [(4, Ok(4)), (5, Err(Error::NoDevice)), (8, Ok(0))] {
        let (pages, sb) = chunks(&devices, true, &[(device, 3)]);
        let inode = Inode::read(&pages, &sb, NID).unwrap();
        let place = map(&pages, &sb, &inode, 0, 4096).map(|extent| extent.place);
        let expected = result.map(|device| Place::Device {
            device,
            pos: 3 << 12,
        });
        assert_eq!(place, expected);
    }
    let (_, sb, devices) = with(&devices);
    let table = Table::new(&sb, &devices, Mode::Flat, 0).unwrap();
    assert_eq!(resolve(&table, 5, 0, 1), Err(Error::NoDevice));
    assert_eq!(resolve(&table, u16::MAX, 0, 1), Err(Error::NoDevice));
}

#[test]
fn pieces_end_at_borders() {
    // The first leaves a gap behind the image, and the third has no place of its own.
    let (_, sb, devices) = with(&[(10, 70), (5, 80), (30, 0)]);
    let all = 1 << 40;
    let block = |device, pos: u64, len: u64| {
        Ok(Piece {
            device,
            pos: pos << 12,
            len: len << 12,
        })
    };
    let separate = Table::new(&sb, &devices, Mode::Separate, 0).unwrap();
    let flat = Table::new(&sb, &devices, Mode::Flat, 0).unwrap();
    for (pos, device, there, len) in [(3, 0, 3, 61), (70, 1, 0, 10), (79, 1, 9, 1), (82, 2, 2, 3)] {
        let pos_in_flat = pos;
        assert_eq!(
            resolve(&separate, 0, pos << 12, all),
            block(device, there, len)
        );
        assert_eq!(
            resolve(&flat, 0, pos << 12, all),
            block(0, pos_in_flat, len)
        );
    }
    for pos in [64, 69, 85, 1 << 45] {
        assert!(is_corrupt(resolve(&separate, 0, pos << 12, 1)));
        assert!(is_corrupt(resolve(&flat, 0, pos << 12, 1)));
    }
    assert_eq!(resolve(&separate, 3, 4 << 12, all), block(3, 4, 26));
    assert!(is_corrupt(resolve(&separate, 3, 30 << 12, 1)));
    // Within a block, and behind an offset.
    let behind = Table::new(&sb, &devices, Mode::Flat, 1536).unwrap();
    let piece = resolve(&behind, 2, 100, 50).unwrap();
    assert_eq!((piece.device, piece.len), (0, 50));
    assert_eq!(piece.pos, (80 << 12) + 100 + 1536);
    // Extra devices have no offset.
    let behind = Table::new(&sb, &devices, Mode::Separate, 1536).unwrap();
    assert_eq!(resolve(&behind, 2, 4096, 4096), block(2, 1, 1));
}

#[test]
fn a_device_may_not_say_its_size() {
    let (_, sb, devices) = with(&[(0, 64)]);
    let table = Table::new(&sb, &devices, Mode::Separate, 0).unwrap();
    let piece = resolve(&table, 1, 77 << 12, 1 << 20).unwrap();
    assert_eq!((piece.device, piece.pos, piece.len), (1, 77 << 12, 1 << 20));
    // It is nowhere in the common address space.
    assert!(is_corrupt(resolve(&table, 0, 64 << 12, 1)));
}

#[test]
fn the_first_of_two_has_the_bytes() {
    let (_, sb, devices) = with(&[(10, 70), (30, 65)]);
    let table = Table::new(&sb, &devices, Mode::Separate, 0).unwrap();
    for (pos, device, there, len) in [(65, 2, 0, 5), (70, 1, 0, 10), (80, 2, 15, 15)] {
        let piece = resolve(&table, 0, pos << 12, 1 << 30).unwrap();
        assert_eq!((piece.device, piece.pos >> 12), (device, there));
        assert_eq!(piece.len >> 12, len);
    }
}

#[test]
fn positions_do_not_wrap() {
    let (mut image, _, _) = with(&[((1 << 48) - 1, (1 << 48) - 1)]);
    image.sb32(sb::FEATURE_INCOMPAT, 0x88);
    let sb = image.superblock_with_devices().unwrap();
    let devices = device_table(&image.pages(), &sb).unwrap();
    for mode in [Mode::Flat, Mode::Separate] {
        let table = Table::new(&sb, &devices, mode, u64::MAX - 4095).unwrap();
        assert!(is_corrupt(resolve(&table, 0, 4096, 1)));
        assert!(is_corrupt(resolve(&table, 0, u64::MAX, u64::MAX)));
        assert!(is_corrupt(resolve(&table, 1, u64::MAX, u64::MAX)));
    }
    let table = Table::new(&sb, &devices, Mode::Flat, 1 << 62).unwrap();
    assert_eq!(table.on_primary(77), Ok((1 << 62) + 77));
    assert!(is_corrupt(table.on_primary(1 << 62)));
    assert!(resolve(&table, 1, ((1 << 48) - 2) << 12, 1 << 20).is_ok());
}

/// A file that starts in the image's own blocks and ends on the second extra device, whose bytes
/// tell their block.
fn across_borders() -> (Image, Vec<FilePages>) {
    let (mut image, _, _) = with(&[(3, 64), (5, 67)]);
    let node = Node {
        format: PLAIN,
        mode: REG,
        size: (6 << 12) - 100,
        u: 62,
        ..Node::default()
    };
    image.extended(NID, node);
    let blocks = |first: u8, count| {
        let bytes = (0..count << 12).map(|at| first + (at >> 12) as u8);
        FilePages::new(bytes.collect())
    };
    let pos = image.block(62);
    image.put(pos, &blocks(62, 2).bytes);
    (image, vec![blocks(64, 3), blocks(67, 5)])
}

#[test]
fn reads_across_devices() {
    let (image, others) = across_borders();
    let meta = image.pages();
    let sb = image.superblock_with_devices().unwrap();
    let inode = Inode::read(&meta, &sb, NID).unwrap();
    let devices = device_table(&meta, &sb).unwrap();
    let expected: Vec<u8> = (0..6 << 12)
        .map(|at| match at {
            0..24_476 => 62 + (at >> 12) as u8,
            _ => 0,
        })
        .collect();

    let mut bytes = vec![9; 6 << 12];
    let table = Table::new(&sb, &devices, Mode::Separate, 0).unwrap();
    data::read_devices(
        &meta,
        &table,
        &inode,
        0,
        &mut bytes,
        |device, pos, out| match device.checked_sub(1) {
            None => pages::fill(&meta, pos, out),
            Some(index) => pages::fill(&others[usize::from(index)], pos, out),
        },
    )
    .unwrap();
    assert_eq!(bytes, expected);

    // All on one device, and 512 bytes of something else before them.
    let mut flat = vec![0; 512];
    flat.extend_from_slice(&image.bytes);
    for other in &others {
        flat.extend_from_slice(&other.bytes);
    }
    let flat = FilePages::new(flat);
    let table = Table::new(&sb, &devices, Mode::Flat, 512).unwrap();
    bytes.fill(9);
    data::read_devices(&meta, &table, &inode, 0, &mut bytes, |device, pos, out| {
        assert_eq!(device, 0);
        pages::fill(&flat, pos, out)
    })
    .unwrap();
    assert_eq!(bytes, expected);

    // Who knows of one device only reads what is there.
    let read = |offset, len| {
        let mut bytes = vec![0; len];
        data::read(&meta, &sb, &inode, offset, &mut bytes).map(|()| bytes)
    };
    assert_eq!(read(4096, 4096), Ok(vec![63; 4096]));
    assert_eq!(read(4096, 4097), Err(Error::NoDevice));
    assert_eq!(read(8192, 1), Err(Error::NoDevice));
    let (meta, sb) = chunks(&[(10, 64)], false, &[(1, 3)]);
    let inode = Inode::read(&meta, &sb, NID).unwrap();
    let read = data::read(&meta, &sb, &inode, 0, &mut [0]);
    assert_eq!(read, Err(Error::NoDevice));
}

/// Where one byte lies, found the way that the C code finds it, but inside bounds.
fn model(own: u64, devices: &[Device], mode: Mode, device: u16, pos: u64) -> Option<(u16, u64)> {
    let block = pos >> 12;
    if let Some(index) = device.checked_sub(1) {
        let slot = devices.get(usize::from(index))?;
        if slot.blocks != 0 && block >= slot.blocks {
            return None;
        }
        return match mode {
            Mode::Flat => Some((0, pos + (slot.start << 12))),
            Mode::Separate => Some((device, pos)),
        };
    }
    for (index, slot) in devices.iter().enumerate() {
        if slot.start != 0 && (slot.start..slot.start + slot.blocks).contains(&block) {
            return match mode {
                Mode::Flat => Some((0, pos)),
                Mode::Separate => Some((index as u16 + 1, pos - (slot.start << 12))),
            };
        }
    }
    (block < own).then_some((0, pos))
}

proptest! {
    #[test]
    fn every_byte_is_where_the_model_has_it(
        slots in prop::collection::vec((0u64..12, prop_oneof![Just(0u64), 1u64..110]), 1..8),
        flat in any::<bool>(),
        device in prop_oneof![Just(0u16), 0u16..9],
        pos in 0u64..(120 << 12),
        len in 1u64..(40 << 12),
    ) {
        let (_, sb, devices) = with(&slots);
        let mode = if flat { Mode::Flat } else { Mode::Separate };
        let table = Table::new(&sb, &devices, mode, 0).unwrap();
        let model = |pos| model(sb.blocks(), &devices, mode, device, pos);
        match resolve(&table, device, pos, len) {
            Ok(piece) => {
                prop_assert!((1..=len).contains(&piece.len));
                for at in (0..piece.len).step_by(512).chain([piece.len - 1]) {
                    prop_assert_eq!(model(pos + at), Some((piece.device, piece.pos + at)));
                }
                if piece.len < len {
                    // Nothing was cut off for no reason: there is a border.
                    let next = (pos + piece.len) >> 12;
                    let own = next == sb.blocks();
                    let border = devices.iter().enumerate().any(|(index, slot)| {
                        let (start, end) = if device == 0 {
                            (slot.start, slot.start + slot.blocks)
                        } else if index + 1 == usize::from(device) {
                            (0, slot.blocks)
                        } else {
                            return false;
                        };
                        next == start || next == end
                    });
                    prop_assert!(border || own);
                }
            }
            Err(error) => {
                prop_assert_eq!(model(pos), None);
                let missing = usize::from(device) > devices.len();
                prop_assert_eq!(error == Error::NoDevice, missing);
            }
        }
    }
}
