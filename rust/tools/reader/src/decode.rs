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

fn lz4(data: &[u8], wanted: usize, limit: usize) -> Result<Vec<u8>> {
    let mut out = lz4_flex::block::decompress(data, limit).map_err(|_| BROKEN)?;
    if out.len() < wanted {
        return Err(BROKEN);
    }
    out.truncate(wanted);
    Ok(out)
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
