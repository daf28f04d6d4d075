// SPDX-License-Identifier: GPL-2.0

//! Decoders of compressed clusters, and the memory that they work in.
//!
//! Every decoder fills all of its target, or fails with EIO: then what is in the target is
//! anything. None reads past its source or writes past its target, whatever the bytes, and none
//! keeps more than its context. Source and target may be one memory for LZ4 only, see
//! [`Ready::decode`].

mod deflate;
mod lz4;
mod lzma;
mod zstd;

use super::{
    pool::{
        Pool,
        Usage, //
    },
    scratch::{
        rounded,
        Buffer,
        Scratch, //
    },
    span::{
        Source,
        Target, //
    }, //
};
use cofs_core::{
    compressed::Algorithm,
    format::algorithms::Algorithms, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// What decoders of all images share.
#[pin_data]
pub(crate) struct Decoders {
    #[pin]
    scratch: Pool<Buffer>,
    #[pin]
    deflate: Pool<Buffer>,
    #[pin]
    lzma: Pool<lzma::Context>,
    #[pin]
    zstd: Pool<Buffer>,
}

impl Decoders {
    /// Nothing yet: images that need something say so.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            scratch <- Pool::new(),
            deflate <- Pool::new(),
            lzma <- Pool::new(),
            zstd <- Pool::new(),
        }? Error)
    }

    /// The memory that clusters are copied to.
    pub(crate) fn scratch_usage(&self) -> Usage {
        self.scratch.usage()
    }

    /// The memory that decoders work in: at most as much as each kind had at most.
    pub(crate) fn context_usage(&self) -> Usage {
        let all = [self.deflate.usage(), self.lzma.usage(), self.zstd.usage()];
        Usage {
            now: all.iter().map(|usage| usage.now).sum(),
            peak: all.iter().map(|usage| usage.peak).sum(),
        }
    }
}

/// Decoders for the files of an image, for as long as it lives.
///
/// # Invariants
///
/// What `algorithms` needs is reserved.
pub(crate) struct Ready {
    decoders: Arc<Decoders>,
    algorithms: Algorithms,
}

impl Ready {
    /// Readies what an image needs that uses `algorithms` and blocks of `block_size`. Sleeps.
    pub(crate) fn new(
        decoders: Arc<Decoders>,
        algorithms: Algorithms,
        block_size: usize,
    ) -> Result<Self> {
        let blocks = algorithms.lz4.map_or(0, |params| params.max_cluster_blocks);
        let cluster = usize::from(blocks).saturating_mul(block_size);
        decoders.scratch.reserve(match cluster {
            0 => 0,
            len => rounded(len),
        })?;
        // What is reserved, if something fails then, is released by the drop of this.
        let mut ready = Self {
            decoders: decoders.clone(),
            algorithms: Algorithms {
                lz4: algorithms.lz4,
                ..Algorithms::default()
            },
        };
        let pools = decoders;
        if let Some(params) = algorithms.deflate_window_bits {
            pools.deflate.reserve(deflate::need())?;
            ready.algorithms.deflate_window_bits = Some(params);
        }
        if let Some(params) = algorithms.lzma_dict_size {
            pools.lzma.reserve(lzma::NEED)?;
            ready.algorithms.lzma_dict_size = Some(params);
        }
        if let Some(params) = algorithms.zstd_window_log {
            pools.zstd.reserve(zstd::need())?;
            ready.algorithms.zstd_window_log = Some(params);
        }
        // INVARIANT: all of it is.
        Ok(ready)
    }

    /// Decodes `source`, without the padding before it, into all of `target`. It must decode to
    /// that and no more if `exact`, else the decoder stops there. EIO if it does not; ENOMEM if
    /// there is no memory to do it in. May wait for other decoders.
    ///
    /// `source` may overlap `target` for LZ4, if it does not start before it. Says whether its end
    /// had to be moved out of the way, for which it takes scratch memory.
    pub(crate) fn decode(
        &self,
        algorithm: Algorithm,
        source: Source<'_>,
        target: Target<'_>,
        exact: bool,
    ) -> Result<bool> {
        if source.is_empty() || target.is_empty() {
            return Err(EIO);
        }
        match algorithm {
            Algorithm::Lz4 => return lz4::decode(source, target, exact, |len| self.scratch(len)),
            Algorithm::Deflate => deflate::decode(&self.decoders.deflate, source, target, exact),
            Algorithm::Lzma => lzma::decode(&self.decoders.lzma, source, target, exact),
            Algorithm::Zstd => {
                let log = self.algorithms.zstd_window_log.ok_or(EIO)?;
                zstd::decode(&self.decoders.zstd, log, source, target, exact)
            }
            Algorithm::Shifted | Algorithm::Interlaced => Err(EINVAL),
        }?;
        Ok(false)
    }

    /// Takes `len` bytes of memory. May wait for others to give theirs back: a thread takes one at
    /// a time, and waits for nothing meanwhile but in [`Self::decode`].
    pub(crate) fn scratch(&self, len: usize) -> Result<Scratch<'_>> {
        Scratch::take(&self.decoders.scratch, len)
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // May run where nothing may sleep.
        let (pools, had) = (&self.decoders, &self.algorithms);
        pools.scratch.release();
        if had.deflate_window_bits.is_some() {
            pools.deflate.release();
        }
        if had.lzma_dict_size.is_some() {
            pools.lzma.release();
        }
        if had.zstd_window_log.is_some() {
            pools.zstd.release();
        }
    }
}

/// A length as the C interfaces want it. None of ours is near what does not fit.
fn int<T: TryFrom<usize>>(len: usize) -> Result<T> {
    T::try_from(len).map_err(|_| EIO)
}

/// Whether `done` is what was to be done.
fn whole(done: usize, target: Target<'_>) -> Result {
    match done == target.len() {
        true => Ok(()),
        false => Err(EIO),
    }
}
