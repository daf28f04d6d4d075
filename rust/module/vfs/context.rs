// SPDX-License-Identifier: GPL-2.0

//! Mounting: `struct fs_context` and its operations.
//!
//! C headers: [`include/linux/fs_context.h`](srctree/include/linux/fs_context.h),
//! [`include/linux/fs_parser.h`](srctree/include/linux/fs_parser.h)

use super::inode_ops::status;
use super::super_block::{
    self,
    NewSuper,
    Operations,
    SuperBlock, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::File,
    prelude::*,
    str::as_char_ptr_in_const_context,
    sync::aref::ARef,
    types::ForeignOwnable, //
};

/// The value of a mount option. Which method fits follows from the option's [`Kind`].
pub(crate) struct Value<'a> {
    param: &'a bindings::fs_parameter,
    result: bindings::fs_parse_result,
}

impl Value<'_> {
    /// Of a flag: false where `no` stood before it.
    pub(crate) fn flag(&self) -> bool {
        !self.result.negated
    }

    /// Of a number.
    pub(crate) fn number(&self) -> u64 {
        // SAFETY: the result was zeroed, so every byte is initialised.
        unsafe { *self.result.__bindgen_anon_1.uint_64.as_ref() }
    }

    /// Of a choice: the value that stands beside the name.
    pub(crate) fn choice(&self) -> u32 {
        // SAFETY: as above.
        unsafe { *self.result.__bindgen_anon_1.uint_32.as_ref() }
    }

    /// Of a text.
    pub(crate) fn text(&self) -> Result<&CStr> {
        // SAFETY: a string parameter points to a NUL-terminated string.
        unsafe {
            let string = self.param.__bindgen_anon_1.string;
            if self.param.type_() != bindings::fs_value_type_fs_value_is_string || string.is_null()
            {
                return Err(EINVAL);
            }
            Ok(CStr::from_char_ptr(string))
        }
    }
}

/// What kind of value an option takes.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// `name`.
    Flag,
    /// `name` or `noname`.
    FlagNo,
    /// `name=TEXT`.
    Text,
    /// `name=NUMBER`.
    Number,
    /// `name=ONE_OF`.
    Choice(&'static Choices),
}

/// The names that an option allows, ended by [`END`].
pub(crate) struct Choices(pub(crate) &'static [bindings::constant_table]);

// SAFETY: the names are static and never written.
unsafe impl Sync for Choices {}

/// A name that an option allows.
pub(crate) const fn choice(name: &'static CStr, value: i32) -> bindings::constant_table {
    bindings::constant_table {
        name: as_char_ptr_in_const_context(name),
        value,
    }
}

/// The end of a list of choices.
pub(crate) const END: bindings::constant_table = bindings::constant_table {
    name: core::ptr::null(),
    value: 0,
};

/// One mount option; its index in the table is what [`Mountable::option`] is told.
pub(crate) type Parameter = bindings::fs_parameter_spec;

/// Describes an option to the parser.
pub(crate) const fn parameter(name: &'static CStr, option: u8, kind: Kind) -> Parameter {
    Parameter {
        name: as_char_ptr_in_const_context(name),
        opt: option,
        type_: match kind {
            Kind::Flag | Kind::FlagNo => None,
            Kind::Text => Some(bindings::fs_param_is_string),
            Kind::Number => Some(bindings::fs_param_is_u64),
            Kind::Choice(_) => Some(bindings::fs_param_is_enum),
        },
        flags: match kind {
            Kind::FlagNo => bindings::fs_param_neg_with_no as u16,
            _ => 0,
        },
        data: match kind {
            Kind::Choice(choices) => choices.0.as_ptr().cast(),
            _ => core::ptr::null(),
        },
    }
}

/// A table of options, ended by an empty one.
pub(crate) struct Parameters(pub(crate) &'static [Parameter]);

// SAFETY: the table is static and never written.
unsafe impl Sync for Parameters {}

/// The empty entry that ends a table of options.
pub(crate) const LAST: Parameter = Parameter {
    name: core::ptr::null(),
    opt: 0,
    type_: None,
    flags: 0,
    data: core::ptr::null(),
};

/// A file system that mount(2) and fsconfig(2) reach.
pub(crate) trait Mountable: Operations {
    /// The options collected before the mount.
    type Options: Send + 'static;

    /// `s_magic` of the type's super blocks.
    const MAGIC: u64;

    /// The table of options.
    const PARAMETERS: &'static Parameters;

    /// The options of a mount that names none.
    fn default_options() -> Self::Options;

    /// `->parse_param`: option number `option` got `value`.
    fn option(options: &mut Self::Options, option: u8, value: &Value<'_>, log: &Log<'_>) -> Result;

    /// `->fill_super`.
    fn fill(sb: &mut NewSuper<'_, Self>, options: &mut Self::Options, log: &Log<'_>) -> Result;

    /// Asks for a mount that is there already, for the same device, instead of a new one.
    fn reuse(sb: &SuperBlock<Self>, options: &Self::Options, log: &Log<'_>) -> Result;

    /// `->reconfigure`; returns whether the super block shows POSIX ACLs from now on.
    fn reconfigure(sb: &SuperBlock<Self>, options: &Self::Options, log: &Log<'_>) -> Result<bool>;
}

/// Messages for who mounts: the fs_context's log, or dmesg for mount(2).
pub(crate) struct Log<'a> {
    fc: *mut bindings::fs_context,
    _fc: PhantomData<&'a ()>,
}

impl Log<'_> {
    /// `errorfc()`.
    pub(crate) fn error(&self, message: &CStr) {
        // SAFETY: the context is live while the log is borrowed.
        unsafe { bindings::cofs_errorfc(self.fc, message.as_char_ptr()) };
    }
}

/// What a context carries.
struct Private<T: Mountable> {
    options: T::Options,
    /// The source, where that is a file.
    file: Option<ARef<File>>,
    /// Whether the super block was filled from here.
    filled: bool,
}

/// The C table of `T`.
struct Table<T>(PhantomData<T>);

/// A context that is to be set up.
pub(crate) struct New<'a> {
    fc: *mut bindings::fs_context,
    _fc: PhantomData<&'a mut ()>,
}

impl New<'_> {
    /// # Safety
    ///
    /// Only for `->init_fs_context`.
    pub(super) unsafe fn from_raw(fc: *mut bindings::fs_context) -> Self {
        Self {
            fc,
            _fc: PhantomData,
        }
    }

    /// For mount(2) and fsconfig(2).
    pub(crate) fn mountable<T: Mountable>(self) -> Result {
        let private = Private::<T> {
            options: T::default_options(),
            file: None,
            filled: false,
        };
        let private = KBox::new(private, GFP_KERNEL)?;
        // SAFETY: the context is new and ours.
        unsafe {
            (*self.fc).fs_private = private.into_foreign().cast();
            (*self.fc).ops = core::ptr::from_ref(Table::<T>::get()).cast();
        }
        Ok(())
    }

    /// For a mount inside the kernel: a pseudo file system.
    pub(crate) fn pseudo<T: Operations<Mount = ()>>(self) -> Result {
        // SAFETY: the context is new and ours.
        let pseudo = unsafe { bindings::init_pseudo(self.fc, PSEUDO_MAGIC) };
        if pseudo.is_null() {
            return Err(ENOMEM);
        }
        // SAFETY: init_pseudo returned a context to fill in.
        unsafe { (*pseudo).ops = super_block::Table::<T>::get() };
        Ok(())
    }
}

/// `s_magic` of internal mounts, which no path reaches: "cofs".
const PSEUDO_MAGIC: usize = 0x636f_6673;

/// Whether a file lies on a file system that itself stacks, or reads files: with an image in it,
/// reads would nest without bound.
///
/// # Safety
///
/// `file` must be open.
pub(super) unsafe fn nests<T: Mountable>(file: *mut bindings::file) -> bool {
    // SAFETY: the file pins its inode, and that its super block.
    unsafe {
        let sb = (*(*file).f_inode).i_sb;
        (*sb).s_stack_depth != 0 || ((*sb).s_magic == T::MAGIC as usize && (*sb).s_bdev.is_null())
    }
}

impl<T: Mountable> Table<T> {
    const OPS: bindings::fs_context_operations = bindings::fs_context_operations {
        free: Some(Self::free),
        dup: None,
        parse_param: Some(Self::parse_param),
        parse_monolithic: None,
        get_tree: Some(Self::get_tree),
        reconfigure: Some(Self::reconfigure),
    };

    const fn get() -> &'static bindings::fs_context_operations {
        &Self::OPS
    }

    /// # Safety
    ///
    /// `fc` must be a context that [`New::mountable`] set up, exclusively the caller's.
    unsafe fn private<'a>(fc: *mut bindings::fs_context) -> &'a mut Private<T> {
        // SAFETY: `fs_private` is from `into_foreign`, and exclusive by the requirement.
        unsafe { <KBox<Private<T>> as ForeignOwnable>::borrow_mut((*fc).fs_private) }
    }

    /// The options.
    ///
    /// # Safety
    ///
    /// As for [`Self::private`].
    unsafe fn options<'a>(fc: *mut bindings::fs_context) -> &'a mut T::Options {
        // SAFETY: by the function's requirement.
        &mut unsafe { Self::private(fc) }.options
    }

    fn log<'a>(fc: *mut bindings::fs_context) -> Log<'a> {
        Log {
            fc,
            _fc: PhantomData,
        }
    }

    /// # Safety
    ///
    /// Called by the VFS, at the end of the context.
    unsafe extern "C" fn free(fc: *mut bindings::fs_context) {
        // SAFETY: `fs_private` is null or from `into_foreign`, and this is its end.
        drop(unsafe { <KBox<Private<T>> as ForeignOwnable>::try_from_foreign((*fc).fs_private) });
    }

    /// # Safety
    ///
    /// Called by the VFS with the context locked.
    unsafe extern "C" fn parse_param(
        fc: *mut bindings::fs_context,
        param: *mut bindings::fs_parameter,
    ) -> kernel::ffi::c_int {
        let mut result = core::mem::MaybeUninit::<bindings::fs_parse_result>::zeroed();
        // SAFETY: the table ends with an empty entry, and the rest is the caller's.
        let option = unsafe {
            bindings::cofs_fs_parse(fc, T::PARAMETERS.0.as_ptr(), param, result.as_mut_ptr())
        };
        let Ok(option) = u8::try_from(option) else {
            return option;
        };
        // SAFETY: all-zero is a valid result, which fs_parse has overwritten.
        let result = unsafe { result.assume_init() };
        // SAFETY: the parameter is the caller's, and unchanged during the call.
        let param = unsafe { &*param };
        let value = Value { param, result };
        // SAFETY: the context is locked.
        let options = unsafe { Self::options(fc) };
        status(|| T::option(options, option, &value, &Self::log(fc)))
    }

    /// # Safety
    ///
    /// Called by the VFS with the context locked.
    unsafe extern "C" fn get_tree(fc: *mut bindings::fs_context) -> kernel::ffi::c_int {
        let not_a_device = ENOTBLK.to_errno();
        // SAFETY: the callback fits the type of the context.
        let ret = unsafe {
            let quiet = bindings::GET_TREE_BDEV_QUIET_LOOKUP;
            bindings::get_tree_bdev_flags(fc, Some(Self::fill_super), quiet)
        };
        if ret == 0 {
            return status(|| Self::check_reuse(fc));
        }
        if ret != not_a_device {
            return ret;
        }
        status(|| {
            // SAFETY: the context is locked, and its source a C string.
            let (private, file) = unsafe {
                let flags = (bindings::O_RDONLY | bindings::O_LARGEFILE) as i32;
                (
                    Self::private(fc),
                    from_err_ptr(bindings::filp_open((*fc).source, flags, 0))?,
                )
            };
            // SAFETY: the file is open and ours; nobody uses its position. CAST: `File` is
            // transparent.
            private.file = Some(unsafe { ARef::from_raw(NonNull::new_unchecked(file.cast())) });
            // SAFETY: an open file has an inode and a mapping; the tables are static.
            let readable = unsafe {
                let regular = bindings::S_IFREG as u16;
                (*(*file).f_inode).i_mode & bindings::S_IFMT as u16 == regular
                    && (*(*(*file).f_mapping).a_ops).read_folio.is_some()
            };
            if !readable {
                return Err(ENOTBLK);
            }
            // SAFETY: the file is open.
            if unsafe { nests::<T>(file) } {
                Self::log(fc).error(c"an image cannot lie on a stacked file system");
                return Err(ENOTBLK);
            }
            // SAFETY: the callback fits the type of the context.
            to_result(unsafe { bindings::get_tree_nodev(fc, Some(Self::fill_super)) })
        })
    }

    /// A device that is mounted already gives its super block, whatever the new options say.
    fn check_reuse(fc: *mut bindings::fs_context) -> Result {
        // SAFETY: the context is locked, and has the root of a live super block of `T`.
        let (private, sb) = unsafe {
            let sb = SuperBlock::<T>::from_raw((*(*fc).root).d_sb);
            (Self::private(fc), sb)
        };
        if private.filled {
            return Ok(());
        }
        T::reuse(sb, &private.options, &Self::log(fc)).inspect_err(|_| {
            // SAFETY: the root's references are the context's, and get_tree_bdev has left the
            // super block locked.
            unsafe {
                let sb = sb.as_ptr();
                bindings::dput((*fc).root);
                (*fc).root = core::ptr::null_mut();
                bindings::deactivate_locked_super(sb);
            }
        })
    }

    /// # Safety
    ///
    /// Called by get_tree_bdev with a new super block.
    unsafe extern "C" fn fill_super(
        sb: *mut bindings::super_block,
        fc: *mut bindings::fs_context,
    ) -> kernel::ffi::c_int {
        // SAFETY: the context is locked.
        let private = unsafe { Self::private(fc) };
        private.filled = true;
        // SAFETY: the super block is of `T` and being filled.
        let mut sb = unsafe { NewSuper::from_raw(sb, private.file.take()) };
        status(|| T::fill(&mut sb, &mut private.options, &Self::log(fc)))
    }

    /// # Safety
    ///
    /// Called by the VFS with the context and `s_umount` locked.
    unsafe extern "C" fn reconfigure(fc: *mut bindings::fs_context) -> kernel::ffi::c_int {
        // SAFETY: the context holds the root of a live super block of `T`.
        let sb = unsafe { SuperBlock::<T>::from_raw((*(*fc).root).d_sb) };
        // SAFETY: the context is locked.
        let options = unsafe { Self::options(fc) };
        status(|| {
            let acl = T::reconfigure(sb, options, &Self::log(fc))?;
            // SAFETY: the context is ours; the VFS applies the flags after this.
            unsafe {
                (*fc).sb_flags_mask |= bindings::COFS_SB_POSIXACL;
                (*fc).sb_flags |= bindings::COFS_SB_RDONLY;
                if acl {
                    (*fc).sb_flags |= bindings::COFS_SB_POSIXACL;
                } else {
                    (*fc).sb_flags &= !bindings::COFS_SB_POSIXACL;
                }
            }
            Ok(())
        })
    }
}
