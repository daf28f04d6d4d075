// SPDX-License-Identifier: GPL-2.0

//! A mounted image: from the superblock on disk to the root directory, and back.

use crate::{
    devices::Devices,
    error,
    features::Features,
    fill::{
        pages::Metadata,
        widen::Returns,
        window::{
            self,
            Windows, //
        }, //
    },
    inode,
    options::{
        self,
        Options, //
    },
    share::{
        self,
        Domain, //
    },
    special::Special,
    stats::{
        self,
        Count,
        Counts, //
    },
    sys::{
        backing::{
            At,
            Backing, //
        },
        codecs::{
            Decoders,
            Ready, //
        },
        failed_bio,
        flights::Flights,
        hash,
        inode_lists::Unlisted,
        sysfs,
        temporary::Budget,
        work::Work, //
    },
    vfs::{
        context::{
            self,
            Log,
            Mountable,
            Parameters, //
        },
        errors::{
            Failure,
            Watched, //
        },
        folio::Lost,
        fs_type::{
            FileSystem,
            Internal, //
        },
        held::Gone,
        inode::{
            Evicted,
            Inode, //
        },
        ioctl,
        super_block::{
            self,
            NewSuper,
            StatFs,
            SuperBlock, //
        },
    }, //
};
use cofs_core::xattr::LongPrefixes;
use kernel::{
    debugfs::Dir,
    new_mutex,
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    str::CString,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    }, //
};

/// `f_type` and `s_magic`: the images are EROFS's, and so is the number.
const MAGIC: u64 = cofs_core::format::superblock::SUPER_MAGIC_V1 as u64;

/// The file system type `cofs`.
pub(crate) struct Image;

/// What the type carries for all mounts.
#[pin_data]
pub(crate) struct Module {
    /// Before what it is in.
    #[pin]
    sharers: share::listing::Sharers,
    debugfs: Dir,
    #[pin]
    features: sysfs::Directory<Features>,
    /// After what is in it.
    #[pin]
    sysfs: sysfs::Directory<stats::Sharing>,
    /// Bounds what lingers.
    #[pin]
    pub(crate) trim: Work<share::linger::Trim>,
    /// Ends bios that failed; before the content that they fill.
    #[pin]
    failed_bios: failed_bio::Worker,
    /// Hashes content; before that goes.
    pub(crate) hasher: share::Hasher,
    /// Where content inodes live.
    #[pin]
    pub(crate) contents: Internal<share::Contents>,
    /// Who shares what.
    pub(crate) registry: Arc<share::Registry>,
    /// What is to be decoded; behind the content that it fills.
    windows: window::Keeper,
    decoders: Arc<Decoders>,
}

impl Module {
    /// Makes the registry, the internal mount and the files in sysfs.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            decoders: Arc::pin_init(Decoders::new(), GFP_KERNEL)?,
            windows: window::Keeper::new()?,
            registry: Arc::pin_init(share::Registry::new(), GFP_KERNEL)?,
            contents <- Internal::new(share::module(registry.clone())),
            hasher: share::Hasher::new()?,
            failed_bios <- failed_bio::Worker::new(),
            trim <- Work::new(share::linger::Trim(registry.clone())),
            sysfs <- sysfs::Directory::new(c"cofs", stats::Sharing::new(registry.clone(), decoders.clone())),
            features <- sysfs.child(c"features", Features),
            debugfs: Dir::new(c"cofs"),
            sharers <- share::listing::file(debugfs, registry.clone()),
        }? Error)
    }
}

/// A mounted image.
///
/// # Invariants
///
/// `devices` are open until `flights` is closed.
#[pin_data]
pub(crate) struct Mount {
    /// The checked superblock.
    pub(crate) disk: cofs_core::SuperBlock,
    /// The long prefixes of xattr names.
    prefixes: SetOnce<LongPrefixes>,
    /// The inodes that the image has for itself.
    special: Special,
    /// What the image lies on.
    pub(crate) devices: Devices,
    direct: bool,
    /// With whom its files are shared, if at all.
    pub(crate) domain: Option<Domain>,
    /// What is to be decoded, of all mounts.
    pub(crate) windows: Arc<Windows>,
    /// What decodes.
    pub(crate) decoders: Ready,
    /// The memory that decoding takes for a while.
    pub(crate) temporary: Arc<Budget>,
    /// Reads under way.
    pub(crate) flights: Arc<Flights>,
    /// Whether `user.` attributes are shown.
    pub(crate) user_xattr: Atomic<bool>,
    cache_strategy: u32,
    /// Whether those who read here and there come back.
    pub(crate) returns: Returns,
    dax_never: bool,
    name: CString,
    watched: Watched<Image>,
    /// What its directory in sysfs shows.
    pub(crate) counts: Counts,
    /// The directory, which holds the mount, until `kill`.
    #[pin]
    sysfs: Mutex<Option<Pin<KBox<sysfs::Directory<stats::OfMount>>>>>,
    reported: Atomic<u32>,
}

/// What a mount tells dmesg, each once.
#[derive(Clone, Copy)]
pub(crate) enum Report {
    /// A file was refused because of what it is compressed with.
    Compressed = 1,
    /// The image contradicts itself.
    Corrupt = 2,
    /// The device failed.
    Device = 4,
    /// A file is not what its fingerprint says.
    Fingerprint = 8,
    /// A file is not what it was any more.
    Changed = 16,
}

impl Mount {
    /// What it is called in messages.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// The metadata, as pages.
    pub(crate) fn metadata(&self) -> Metadata<'_> {
        self.devices.metadata().with(&self.special)
    }

    /// Whether compressed data may stay in memory.
    pub(crate) fn keeps_clusters(&self) -> bool {
        self.cache_strategy != options::NO_CACHE
    }

    /// The packed inode, which holds fragments of files, if there is one that can be read. It is
    /// there for whoever holds an inode of the mount, or is one of its flights.
    pub(crate) fn packed(&self) -> Option<&Inode<Image>> {
        self.special.packed()
    }

    /// Gets `len` bytes at `pos` of the packed inode, as they lie together.
    pub(crate) fn prepare_packed(&self, pos: u64, len: u64) {
        self.special.prepare_packed(pos, len);
    }

    /// The long prefixes of xattr names.
    pub(crate) fn prefixes(&self) -> Result<&LongPrefixes> {
        // They are read before anyone sees the mount.
        self.prefixes.as_ref().ok_or(EIO)
    }

    /// Where bytes of a device of the image lie: `len`, or as many as lie together.
    pub(crate) fn find(&self, device: u16, pos: u64, len: u64) -> cofs_core::Result<At> {
        self.devices.find(&self.disk, device, pos, len)
    }

    /// Tells dmesg about `what`, which happened to inode `nid`, unless it has been told before.
    pub(crate) fn report(&self, what: Report, nid: Option<u64>, text: &str) {
        let bit = what as u32;
        let mut old = self.reported.load(Relaxed);
        while old & bit == 0 {
            match self.reported.cmpxchg(old, old | bit, Relaxed) {
                Ok(_) => {
                    let name = self.name.to_str().unwrap_or("?");
                    match nid {
                        Some(nid) => pr_err!("({name}): inode {nid}: {text}\n"),
                        None => pr_err!("({name}): {text}\n"),
                    }
                    return;
                }
                Err(now) => old = now,
            }
        }
    }

    /// Counts a failure, and tells whoever watches this mount. The inode is that of this image,
    /// also where the pages are shared.
    fn tell(&self, failure: Failure, nid: Option<u64>, error: Error) {
        self.counts.add(Count::Error);
        if let Some(sb) = self.watched.super_block() {
            sb.tell(failure, nid.map(|nid| self.disk.ino(nid)), error);
        }
    }

    /// A read of `lost` from the device failed, which someone waits for if `demand`.
    pub(crate) fn lost(&self, lost: &Lost<'_>, error: Error, demand: bool) {
        // Who needs what readahead could not read reads it again, from this image first, and this is
        // told then.
        if !demand || !error::is_device(error.to_errno().saturating_neg()) {
            return;
        }
        let Some(sb) = self.watched.super_block() else {
            return;
        };
        let content = lost.host(sb.fs_type().module().contents.super_block());
        let (pos, len) = lost.range();
        let nid = match lost.host(&*sb) {
            Some(inode) => Some(inode.node().disk.nid()),
            None => content.and_then(|content| content.node().nid_on(self)),
        };
        self.tell(Failure::Data { pos, len }, nid, error);
    }

    /// What inode `nid` gives for content is not what that has.
    pub(crate) fn changed(&self, nid: u64) {
        self.counts.add(Count::Mismatch);
        self.report(
            Report::Changed,
            Some(nid),
            "the content is not what it was when it was verified",
        );
    }

    /// A read of inode `nid` that someone waited for failed.
    pub(crate) fn lost_now(&self, nid: u64, pos: u64, len: u64, error: Error) {
        if error::is_device(error.to_errno().saturating_neg()) {
            self.tell(Failure::Data { pos, len }, Some(nid), error);
        }
    }

    /// Reports an error that reading inode `nid` met, and gives its errno.
    pub(crate) fn failed(&self, nid: u64, e: cofs_core::Error) -> Error {
        use cofs_core::Error as E;
        match e {
            E::Corrupt(_) | E::Invalid(_) | E::NoDevice => {
                self.report(Report::Corrupt, Some(nid), error::text(e));
                self.tell(Failure::Metadata, Some(nid), error::from_core(e));
            }
            E::Unsupported(_) => self.report(Report::Compressed, Some(nid), error::text(e)),
            E::Source(errno) if error::is_device(errno) => {
                self.report(Report::Device, Some(nid), error::text(e));
                self.tell(Failure::Metadata, Some(nid), error::from_core(e));
            }
            _ => {}
        }
        error::from_core(e)
    }
}

impl FileSystem for Image {
    const CACHE_NAME: &'static CStr = c"cofs_inode";
    const FLAGS: i32 = crate::vfs::fs_type::REQUIRES_DEV | crate::vfs::fs_type::ALLOW_IDMAP;

    type Module = Module;
    type Mount = Mount;
    type Node = inode::Node;
    type Target = share::Contents;
    type Lists = Unlisted;
    type Kind = crate::vfs::fs_type::BlockOrFile;

    fn init_context(fc: context::New<'_>) -> Result {
        fc.mountable::<Self>()
    }

    /// From here on no other mount's read uses this device, and none is under way.
    fn kill(mount: &Mount) {
        let directory = mount.sysfs.lock().take();
        drop(directory);
        mount.windows.expedite(mount);
        mount.flights.close();
    }

    fn release(mount: &Mount, gone: &Gone) {
        mount.special.release(gone);
    }
}

impl super_block::Operations for Image {
    fn evict(inode: Evicted<'_, Self>) {
        share::unbind(inode);
    }

    fn statfs(sb: &SuperBlock<Self>) -> Option<StatFs> {
        let mount = sb.mount();
        let disk = &mount.disk;
        Some(StatFs {
            magic: MAGIC,
            block_size: disk.block_size() as u32,
            blocks: mount.devices.blocks(disk),
            inodes: disk.inos(),
            name_len: cofs_core::xattr::NAME_LEN as u32,
        })
    }

    fn show_options(sb: &SuperBlock<Self>, seq: &SeqFile) {
        let mount = sb.mount();
        let no = |on: bool| if on { "" } else { "no" };
        seq_print!(seq, ",{}user_xattr", no(mount.user_xattr.load(Relaxed)));
        seq_print!(seq, ",{}acl", no(sb.shows_acl()));
        if mount.disk.has_compression() {
            seq_print!(
                seq,
                ",cache_strategy={}",
                options::strategy(mount.cache_strategy)
            );
        }
        if mount.dax_never {
            seq_print!(seq, ",dax=never");
        }
        if mount.direct {
            seq_print!(seq, ",directio");
        }
        if mount.devices.offset() != 0 {
            seq_print!(seq, ",fsoffset={}", mount.devices.offset());
        }
        if let Some(domain) = &mount.domain {
            seq_print!(seq, ",inode_share");
            if domain.verify {
                seq_print!(seq, ",share=verify");
            }
            if domain.nobody_pays {
                seq_print!(seq, ",share_charge=root");
            }
        }
    }
}

impl ioctl::Operations for Image {
    fn label(sb: &SuperBlock<Self>, tell: impl FnOnce(&[u8]) -> Result) -> Result {
        tell(sb.mount().disk.volume_name())
    }
}

impl Mountable for Image {
    type Options = Options;

    const MAGIC: u64 = MAGIC;

    const PARAMETERS: &'static Parameters = options::PARAMETERS;

    fn default_options() -> Options {
        Options::default()
    }

    fn option(
        options: &mut Options,
        option: u8,
        value: &context::Value<'_>,
        log: &Log<'_>,
    ) -> Result {
        options.set(option, value, log)
    }

    fn fill(sb: &mut NewSuper<'_, Self>, options: &mut Options, log: &Log<'_>) -> Result {
        sb.begin(MAGIC)?;

        let direct = options.directio;
        let given = core::mem::take(&mut options.given);
        let backing = sb.backing(direct)?;
        let domain = options.domain(backing.is_verity(), log)?;
        let in_file = matches!(backing, Backing::File(_));
        let metadata = Metadata::new(backing, given.offset.unwrap_or(0));
        let refuse = |e| {
            pr_err!("({}): {}\n", sb.id(), error::text(e));
            error::from_core(e)
        };
        let disk = cofs_core::SuperBlock::read_any(&metadata, hash::crc32c).map_err(refuse)?;
        let devices = Devices::new(sb, &disk, backing, given, direct)?;
        let name = CString::try_from(sb.id())?;

        sb.set_block_size(disk.block_size() as u32)?;
        sb.set_uuid(disk.uuid());
        sb.set_acl(options.acl.unwrap_or(true));
        sb.set_xattr();
        sb.set_export();
        let root_nid = disk.root_nid();
        let user_xattr = options.user_xattr.unwrap_or(true);
        let Options {
            cache_strategy,
            dax_never,
            ..
        } = *options;
        let module = sb.fs_type().module();
        let windows = module.windows.get();
        let decoders = Ready::new(
            module.decoders.clone(),
            *disk.algorithms(),
            disk.block_size() as usize,
        )?;
        let watched = sb.watched()?;
        let mount = Arc::pin_init(
            try_pin_init!(Mount {
                disk,
                prefixes: SetOnce::new(),
                special: Special::new(),
                devices,
                direct: direct && in_file,
                domain,
                windows,
                decoders,
                temporary: Arc::pin_init(Budget::new(), GFP_KERNEL)?,
                flights: Arc::pin_init(Flights::new(), GFP_KERNEL)?,
                user_xattr: Atomic::new(user_xattr),
                cache_strategy,
                returns: Returns::new(),
                dax_never,
                name,
                watched,
                counts: Counts::new(),
                sysfs <- new_mutex!(None),
                reported: Atomic::new(0),
            }? Error),
            GFP_KERNEL,
        )?;
        let live = sb.set_mount(mount.clone())?;
        let module = live.fs_type().module();
        let parent = &module.sysfs;
        let taken = parent.contains(sb.id());
        let directory = KBox::pin_init(
            parent.child(
                sb.set_sysfs_name(taken),
                stats::OfMount::new(mount.clone(), &module.registry),
            ),
            GFP_KERNEL,
        )?;
        *mount.sysfs.lock() = Some(directory);

        mount.special.get(live)?;
        let root = inode::get(live, root_nid)?;
        if root.node().disk.kind() != cofs_core::Kind::Directory {
            pr_err!("({}): the root is not a directory\n", live.id());
            return Err(EINVAL);
        }
        let prefixes = LongPrefixes::load_decoded(&mount.metadata(), &mount.disk).map_err(|e| {
            pr_err!("({}): {}\n", live.id(), error::text(e));
            error::from_core(e)
        })?;
        mount.prefixes.populate(prefixes);
        sb.set_root(root)
    }

    fn reuse(sb: &SuperBlock<Self>, options: &Options, log: &Log<'_>) -> Result {
        if !sb.mount().devices.given().is(&options.given) {
            log.error(c"mounted already, with another offset or other devices");
            return Err(EBUSY);
        }
        Ok(())
    }

    fn reconfigure(sb: &SuperBlock<Self>, options: &Options, log: &Log<'_>) -> Result<bool> {
        let mount = sb.mount();
        options.check_devices(mount.devices.given(), log)?;
        options.check_remount(mount.domain.as_ref(), log)?;
        if let Some(on) = options.user_xattr {
            mount.user_xattr.store(on, Relaxed);
        }
        Ok(options.acl.unwrap_or(sb.shows_acl()))
    }
}
