// SPDX-License-Identifier: GPL-2.0

//! The way to the decoders, which take raw memory.

#[path = "../../../module/sys/codecs/lz4/block.rs"]
mod block;
#[path = "../../../module/sys/codecs/lz4/copy.rs"]
mod copy;

/// As much as decoders are asked for.
const MOST: usize = 1 << 30;

/// Decodes `block` into all of `out`, and says whether that is what came out: if `exact` all of it,
/// else the first of it.
pub fn decode(block: &[u8], out: &mut [u8], exact: bool) -> bool {
    assert!(block.len() <= MOST && out.len() <= MOST);
    // SAFETY: the slices are as long as they are, and no longer than they may be.
    unsafe {
        block::decode(
            block.as_ptr(),
            block.len(),
            out.as_mut_ptr(),
            out.len(),
            exact,
        )
    }
}

/// Decodes the block that the last `len` bytes of `buffer` are into its first `size` bytes.
pub fn decode_in_place(buffer: &mut [u8], len: usize, size: usize) -> bool {
    let all = buffer.len();
    assert!(len <= all && size <= all && all <= MOST);
    let start = buffer.as_mut_ptr();
    // SAFETY: both lie in the buffer.
    unsafe { block::decode(start.add(all - len), len, start, size, true) }
}

#[cfg(kernel_lz4)]
extern "C" {
    fn LZ4_decompress_safe(from: *const u8, to: *mut u8, len: i32, size: i32) -> i32;
    fn LZ4_decompress_safe_partial(
        from: *const u8,
        to: *mut u8,
        len: i32,
        wanted: i32,
        size: i32,
    ) -> i32;
}

/// As [`decode`], by the kernel's C decoder; `None` if it was not built.
#[cfg(kernel_lz4)]
pub fn kernel(block: &[u8], out: &mut [u8], exact: bool) -> Option<bool> {
    assert!(block.len() <= MOST && out.len() <= MOST);
    let (from, to) = (block.as_ptr(), out.as_mut_ptr());
    let (len, size) = (block.len() as i32, out.len() as i32);
    // SAFETY: as in `decode`.
    let done = unsafe {
        if exact {
            LZ4_decompress_safe(from, to, len, size)
        } else {
            LZ4_decompress_safe_partial(from, to, len, size, size)
        }
    };
    Some(done == size)
}

/// As above: it was not.
#[cfg(not(kernel_lz4))]
pub fn kernel(_block: &[u8], _out: &mut [u8], _exact: bool) -> Option<bool> {
    None
}
