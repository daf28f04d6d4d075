// SPDX-License-Identifier: GPL-2.0

//! The module's parameters, which live in C.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use crate::bindings;
use kernel::prelude::*;

/// `fsname`: as which type images are mounted.
pub(crate) fn fsname() -> Result<&'static CStr> {
    // SAFETY: reads what was written before the module's code runs.
    match unsafe { bindings::cofs_fsname() } as u32 {
        bindings::COFS_AS_COFS => Ok(c"cofs"),
        bindings::COFS_AS_EROFS => Ok(c"erofs"),
        _ => {
            pr_err!("fsname= is cofs or erofs\n");
            Err(EINVAL)
        }
    }
}

/// `linger_mb`: MiB that content may keep when no image holds it; negative for no bound.
pub(crate) fn linger_mb() -> i32 {
    // SAFETY: reads a static.
    unsafe { bindings::cofs_linger_mb() }
}

/// Changes it.
pub(crate) fn set_linger_mb(mb: i32) {
    // SAFETY: writes a static, as a whole.
    unsafe { bindings::cofs_set_linger_mb(mb) }
}

/// `worker_delay_ms`: after how many milliseconds a worker decodes what nobody has come for.
pub(crate) fn worker_delay_ms() -> u32 {
    // SAFETY: reads a static.
    unsafe { bindings::cofs_worker_delay_ms() }
}

/// `default_domain`: with whom mounts share that name no domain; `None` if they do not.
pub(crate) fn default_domain() -> Result<Option<KVec<u8>>> {
    let mut domain = KVec::from_elem(0, bindings::COFS_DOMAIN_MAX as usize, GFP_KERNEL)?;
    // SAFETY: the helper writes no more than the vector has.
    let len = unsafe { bindings::cofs_default_domain(domain.as_mut_ptr().cast()) };
    domain.truncate(len);
    Ok((len > 0).then_some(domain))
}

/// `default_share`: whether mounts that do not say verify what they share.
pub(crate) fn default_verify() -> bool {
    // SAFETY: reads a static.
    unsafe { bindings::cofs_default_verify() }
}

/// `verify_open_kb`: KiB that a file has at most which is hashed when it is opened.
pub(crate) fn verify_open_kb() -> u32 {
    // SAFETY: reads a static.
    unsafe { bindings::cofs_verify_open_kb() }
}
