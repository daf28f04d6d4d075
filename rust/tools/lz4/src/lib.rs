// SPDX-License-Identifier: GPL-2.0

//! The decoder of LZ4 blocks that the module has, in user space: the same files.
//!
//! ```
//! // Two literals, a match of four bytes two before, and the last literals.
//! let block = b"\x20ab\x02\0\x80literals";
//! let mut out = [0; 14];
//! assert!(cofs_lz4::decode(block, &mut out, true));
//! assert_eq!(&out, b"abababliterals");
//! ```

mod sys;

pub use sys::{
    decode,
    decode_in_place,
    kernel, //
};

/// How much a block decodes to before its first match at distance 0: that means nothing, and
/// decoders differ there.
pub fn before_distance_0(block: &[u8]) -> Option<usize> {
    let mut bytes = block.iter().copied().map(usize::from);
    let mut done = 0;
    loop {
        let token = bytes.next()?;
        let literals = length(&mut bytes, token >> 4)?;
        if literals != 0 {
            bytes.nth(literals - 1)?;
        }
        done += literals;
        let (low, high) = (bytes.next()?, bytes.next()?);
        if low == 0 && high == 0 {
            return Some(done);
        }
        done += length(&mut bytes, token & 15)? + 4;
    }
}

/// A length, of which a token has `first`.
fn length(bytes: &mut impl Iterator<Item = usize>, first: usize) -> Option<usize> {
    let mut len = first;
    if first == 15 {
        loop {
            let more = bytes.next()?;
            len += more;
            if more != 255 {
                break;
            }
        }
    }
    Some(len)
}
