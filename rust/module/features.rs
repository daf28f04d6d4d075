// SPDX-License-Identifier: GPL-2.0

//! `/sys/fs/cofs/features/`: what this build can mount and do, one file each. Where erofs has the
//! same feature, the name is erofs's.

use crate::sys::sysfs::{
    Attributes,
    File, //
};
use kernel::prelude::*;

/// The directory.
pub(crate) struct Features;

const fn supported(name: &'static CStr) -> File<Features> {
    File::new(name, |_, text| text.line("supported"))
}

impl Attributes for Features {
    const FILES: &'static [File<Self>] = &[
        supported(c"48bit"),
        supported(c"big_pcluster"),
        supported(c"chunked_file"),
        supported(c"compr_cfgs"),
        supported(c"compr_head2"),
        supported(c"dedupe"),
        supported(c"device_table"),
        supported(c"fragments"),
        supported(c"inode_share"),
        supported(c"metabox"),
        supported(c"sb_chksum"),
        supported(c"xattr_prefixes"),
        supported(c"ztailpacking"),
    ];
}
