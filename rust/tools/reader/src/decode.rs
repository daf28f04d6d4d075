// SPDX-License-Identifier: GPL-2.0

//! From the bytes of a cluster to those of its extent.

use cofs_core::{
    compressed::{
        decode::{
            first_block,
            padding,
            plain, //
        },
        Algorithm,
        Cluster,
        Source,
        MAX_DECODED, //
    },
    Error,
    Place,
    Result,
    SuperBlock, //
};
use flate2::read::DeflateDecoder;
use lzma_rs::decompress::raw::{
    LzmaDecoder,
    LzmaParams,
    LzmaProperties, //
};
use ruzstd::decoding::StreamingDecoder;
use std::io::Read;

/// A match has as many bytes at most.
const LZMA_MATCH_MAX: usize = 273;

const BROKEN: Error = Error::Corrupt("compressed data is broken");

/// The first `wanted` bytes of the extent that `cluster` is, of which `bytes` are those that it is
/// decoded from.
pub fn cluster(sb: &SuperBlock, cluster: &Cluster, bytes: &[u8], wanted: usize) -> Result<Vec<u8>> {
    let Source::Encoded(encoded) = cluster.source else {
        return Err(Error::Range);
    };
    let block_size = sb.block_size();
    if encoded.algorithm.is_plain() {
        let mut out = vec![0; wanted];
        let copies = plain(
            encoded.algorithm,
            cluster.offset,
            encoded.len,
            wanted as u64,
            block_size,
        );
        for copy in copies {
            let from = &bytes[copy.from.start as usize..copy.from.end as usize];
            out[copy.to as usize..][..from.len()].copy_from_slice(from);
        }
        return Ok(out);
    }
    let pos = match encoded.place {
        Place::Device { pos, .. } | Place::Meta { pos } => pos,
        Place::Hole => return Err(Error::Range),
    };
    let first = first_block(sb, pos, encoded.len) as usize;
    let zeros = padding(&bytes[..first]).ok_or(BROKEN)?;
    let data = &bytes[zeros..];
    // What is not the whole is decoded as far as it goes, for lack of decoders that stop.
    let limit = if cluster.exact() {
        cluster.len as usize
    } else {
        MAX_DECODED as usize
    };
    match encoded.algorithm {
        Algorithm::Lz4 => lz4(data, wanted, limit),
        Algorithm::Lzma => lzma(sb, data, wanted),
        Algorithm::Deflate => stream(DeflateDecoder::new(data), wanted),
        Algorithm::Zstd => stream(StreamingDecoder::new(data).map_err(|_| BROKEN)?, wanted),
        Algorithm::Shifted | Algorithm::Interlaced => Err(Error::Range),
    }
}

/// What a cluster has behind the bytes that are wanted is nobody's business: where it is broken, or more than
/// it should be, these are still decoded.
fn lz4(data: &[u8], wanted: usize, limit: usize) -> Result<Vec<u8>> {
    match lz4_flex::block::decompress(data, limit) {
        Ok(mut out) if out.len() >= wanted => {
            out.truncate(wanted);
            Ok(out)
        }
        _ => lz4_start(data, wanted).ok_or(BROKEN),
    }
}

/// Decodes no further than `wanted`.
fn lz4_start(data: &[u8], wanted: usize) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(wanted);
    let mut data = data.iter().copied();
    let length = |nibble: u8, data: &mut dyn Iterator<Item = u8>| {
        let mut len = usize::from(nibble);
        let mut more = nibble == 15;
        while more {
            let byte = data.next()?;
            len += usize::from(byte);
            more = byte == 255;
        }
        Some(len)
    };
    while out.len() < wanted {
        let token = data.next()?;
        let literals = length(token >> 4, &mut data)?.min(wanted - out.len());
        for _ in 0..literals {
            out.push(data.next()?);
        }
        if out.len() == wanted {
            break;
        }
        let distance = usize::from(u16::from_le_bytes([data.next()?, data.next()?]));
        let len = (length(token & 15, &mut data)? + 4).min(wanted - out.len());
        let from = out.len().checked_sub(distance)?;
        for at in from..from + len {
            // A distance of nothing means zeros to the kernel's decoder.
            let byte = if distance == 0 { 0 } else { out[at] };
            out.push(byte);
        }
    }
    Some(out)
}

/// The decoder fails where a match goes past the size it is told, and says how far. Then that size
/// is one at which it ends.
fn lzma(sb: &SuperBlock, data: &[u8], wanted: usize) -> Result<Vec<u8>> {
    let (properties, rest) = data.split_first().ok_or(BROKEN)?;
    let properties = u32::from(!properties);
    let (lc, lp, pb) = (properties % 9, properties / 9 % 5, properties / 45);
    if pb > 4 {
        return Err(BROKEN);
    }
    let dict_size = sb.algorithms().lzma_dict_size.ok_or(BROKEN)?;
    let stream = [&[0], rest].concat();
    let decode = |size: usize| {
        let properties = LzmaProperties { lc, lp, pb };
        let params = LzmaParams::new(properties, dict_size, Some(size as u64));
        let mut out = Vec::with_capacity(size);
        LzmaDecoder::new(params, None)?
            .decompress(&mut &stream[..], &mut out)
            .map(|()| out)
    };
    let mut out = match decode(wanted) {
        Ok(out) => out,
        Err(error) => {
            let text = error.to_string();
            let far = text
                .rsplit(' ')
                .next()
                .and_then(|number| number.parse().ok());
            let size = far.filter(|size| (wanted..wanted + LZMA_MATCH_MAX).contains(size));
            decode(size.ok_or(BROKEN)?).map_err(|_| BROKEN)?
        }
    };
    out.truncate(wanted);
    Ok(out)
}

fn stream(mut decoder: impl Read, wanted: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; wanted];
    decoder.read_exact(&mut out).map_err(|_| BROKEN)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lz4_as_far_as_wanted() {
        // Three literals, seven bytes from three back, then what leads nowhere.
        let data = [0x33, b'a', b'b', b'c', 3, 0, 0x00, 0xff, 0xff];
        assert_eq!(lz4(&data, 10, 100).unwrap(), b"abcabcabca");
        assert_eq!(lz4(&data, 2, 100).unwrap(), b"ab");
        assert_eq!(lz4(&data, 11, 100), Err(BROKEN));
        assert_eq!(lz4(&data[..3], 3, 100), Err(BROKEN));
    }
}
