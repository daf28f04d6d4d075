// SPDX-License-Identifier: GPL-2.0

//! Lists of inodes that do not hold them: whoever dies leaves them, which evict_inode sees to for
//! every type.

use super::{
    inode_queue::Queued,
    inode_table::Linked, //
};
use crate::vfs::{
    fs_type::FileSystem,
    inode::Inode, //
};

/// Which lists the inodes of a type can be on.
pub(crate) trait Lists<T: FileSystem> {
    /// Takes a dying inode off them.
    fn leave(inode: &Inode<T>);
}

/// None.
pub(crate) struct Unlisted;

impl<T: FileSystem> Lists<T> for Unlisted {
    fn leave(_: &Inode<T>) {}
}

/// The type's table and its queue.
pub(crate) struct Listed;

impl<T: Linked + Queued> Lists<T> for Listed {
    fn leave(inode: &Inode<T>) {
        let module = inode.super_block().fs_type().module();
        T::table(module).remove(inode);
        T::queue(module).remove(inode);
    }
}
