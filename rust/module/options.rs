// SPDX-License-Identifier: GPL-2.0

//! Mount options: erofs's own, spelled the same, and `fingerprint_xattr=`.

use crate::{
    devices::Given,
    share::{
        Domain,
        FingerprintName, //
    },
    sys::parameters,
    vfs::context::{
        choice,
        parameter,
        Choices,
        Kind,
        Log,
        Parameters,
        Value,
        END,
        LAST, //
    }, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

const USER_XATTR: u8 = 0;
const ACL: u8 = 1;
const CACHE_STRATEGY: u8 = 2;
const DAX: u8 = 3;
const DAX_MODE: u8 = 4;
const DEVICE: u8 = 5;
const DOMAIN_ID: u8 = 6;
const DIRECTIO: u8 = 7;
const FSOFFSET: u8 = 8;
const INODE_SHARE: u8 = 9;
const FINGERPRINT_XATTR: u8 = 10;
const SHARE: u8 = 11;
const SHARE_CHARGE: u8 = 12;

static STRATEGIES: Choices = Choices(&[
    choice(c"disabled", NO_CACHE as i32),
    choice(c"readahead", 1),
    choice(c"readaround", 2),
    END,
]);

/// Nothing compressed stays in memory.
pub(crate) const NO_CACHE: u32 = 0;
/// What erofs takes where no strategy is named.
const READAROUND: u32 = 2;

const DAX_NEVER: u32 = 1;
static DAX_MODES: Choices = Choices(&[
    choice(c"always", 0),
    choice(c"never", DAX_NEVER as i32),
    END,
]);

const VERIFY: u32 = 1;
static TRUSTS: Choices = Choices(&[choice(c"claim", 0), choice(c"verify", VERIFY as i32), END]);

const ROOT: u32 = 1;
static PAYERS: Choices = Choices(&[choice(c"first", 0), choice(c"root", ROOT as i32), END]);

static TABLE: Parameters = Parameters(&[
    parameter(c"user_xattr", USER_XATTR, Kind::FlagNo),
    parameter(c"acl", ACL, Kind::FlagNo),
    parameter(c"cache_strategy", CACHE_STRATEGY, Kind::Choice(&STRATEGIES)),
    parameter(c"dax", DAX, Kind::Flag),
    parameter(c"dax", DAX_MODE, Kind::Choice(&DAX_MODES)),
    parameter(c"device", DEVICE, Kind::Text),
    parameter(c"domain_id", DOMAIN_ID, Kind::Text),
    parameter(c"directio", DIRECTIO, Kind::FlagNo),
    parameter(c"fsoffset", FSOFFSET, Kind::Number),
    parameter(c"inode_share", INODE_SHARE, Kind::FlagNo),
    parameter(c"fingerprint_xattr", FINGERPRINT_XATTR, Kind::Text),
    parameter(c"share", SHARE, Kind::Choice(&TRUSTS)),
    parameter(c"share_charge", SHARE_CHARGE, Kind::Choice(&PAYERS)),
    LAST,
]);

/// The table for the parser.
pub(crate) const PARAMETERS: &Parameters = &TABLE;

/// The name of a cache strategy.
pub(crate) fn strategy(value: u32) -> &'static str {
    match value {
        0 => "disabled",
        1 => "readahead",
        _ => "readaround",
    }
}

/// The options as they were given; `None` where they were not.
pub(crate) struct Options {
    pub(crate) user_xattr: Option<bool>,
    pub(crate) acl: Option<bool>,
    /// Accepted and shown; only decompression would use it.
    pub(crate) cache_strategy: u32,
    /// Accepted and shown: there is no DAX.
    pub(crate) dax_never: bool,
    /// Read data past the page cache of the file that the image is; on a device it says nothing.
    pub(crate) directio: bool,
    /// The devices and where the image starts.
    pub(crate) given: Given,
    inode_share: Option<bool>,
    domain_id: Option<KVec<u8>>,
    fingerprint: Option<FingerprintName>,
    verify: Option<bool>,
    nobody_pays: Option<bool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_xattr: None,
            acl: None,
            cache_strategy: READAROUND,
            dax_never: false,
            directio: false,
            given: Given::default(),
            inode_share: None,
            domain_id: None,
            fingerprint: None,
            verify: None,
            nobody_pays: None,
        }
    }
}

impl Options {
    /// Takes one option.
    pub(crate) fn set(&mut self, option: u8, value: &Value<'_>, log: &Log<'_>) -> Result {
        match option {
            USER_XATTR => self.user_xattr = Some(value.flag()),
            ACL => self.acl = Some(value.flag()),
            CACHE_STRATEGY => self.cache_strategy = value.choice(),
            DAX_MODE if value.choice() == DAX_NEVER => self.dax_never = true,
            DAX | DAX_MODE => {
                log.error(c"dax is not supported");
                return Err(EINVAL);
            }
            DEVICE => {
                let path = CString::try_from(value.text()?)?;
                self.given.paths.push(path, GFP_KERNEL)?;
            }
            DOMAIN_ID => {
                let mut domain = KVec::new();
                domain.extend_from_slice(value.text()?.to_bytes(), GFP_KERNEL)?;
                self.domain_id = Some(domain);
            }
            DIRECTIO => self.directio = value.flag(),
            FSOFFSET if i64::try_from(value.number()).is_ok() => {
                self.given.offset = Some(value.number());
            }
            FSOFFSET => {
                log.error(c"no device reaches as far as fsoffset=");
                return Err(EINVAL);
            }
            SHARE_CHARGE => self.nobody_pays = Some(value.choice() == ROOT),
            SHARE => self.verify = Some(value.choice() == VERIFY),
            INODE_SHARE => self.inode_share = Some(value.flag()),
            FINGERPRINT_XATTR => {
                let name = FingerprintName::parse(value.text()?.to_bytes())?;
                if name.is_none() {
                    log.error(c"fingerprint_xattr= wants a name in user., trusted. or security.");
                    return Err(EINVAL);
                }
                self.fingerprint = name;
            }
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    /// The domain that a new mount shares in: the one that it names, or else the module's default.
    /// Where there is a default, a mount shares unless it says `noinode_share`. What lies on something
    /// `verified` is not mixed with what anyone claims.
    pub(crate) fn domain(&mut self, verified: bool, log: &Log<'_>) -> Result<Option<Domain>> {
        if self.inode_share == Some(false) {
            return Ok(None);
        }
        let default = parameters::default_domain()?;
        if self.inode_share.is_none() && default.is_none() {
            return Ok(None);
        }
        let Some(id) = self.domain_id.take().or(default) else {
            log.error(c"domain_id is needed when inode_share is on");
            return Err(EINVAL);
        };
        let fingerprint = match self.fingerprint.take() {
            Some(name) => name,
            None => FingerprintName::default_name()?,
        };
        let verify = match self.verify {
            Some(false) if verified => {
                log.error(c"on a verity device or file share=claim is not possible");
                return Err(EINVAL);
            }
            Some(verify) => verify,
            None => verified || parameters::default_verify(),
        };
        Ok(Some(Domain {
            id,
            fingerprint,
            verify,
            nobody_pays: self.nobody_pays.unwrap_or(false),
        }))
    }

    /// Refuses what a remount cannot change: where the image lies.
    pub(crate) fn check_devices(&self, current: &Given, log: &Log<'_>) -> Result {
        if !current.stays(&self.given) {
            log.error(c"devices and offset cannot be changed by a remount");
            return Err(EINVAL);
        }
        Ok(())
    }

    /// Refuses what a remount cannot change: with whom files are shared.
    pub(crate) fn check_remount(&self, current: Option<&Domain>, log: &Log<'_>) -> Result {
        let same_id = |id: &KVec<u8>| current.is_some_and(|d| d.id[..] == id[..]);
        let same_name = |name: &FingerprintName| current.is_some_and(|d| d.fingerprint == *name);
        let other = |wanted: Option<bool>, is: fn(&Domain) -> bool| {
            wanted.is_some_and(|wanted| current.is_some_and(|d| is(d) != wanted))
        };
        if self.inode_share.is_some_and(|on| on != current.is_some())
            || self.domain_id.as_ref().is_some_and(|id| !same_id(id))
            || self.fingerprint.as_ref().is_some_and(|n| !same_name(n))
            || other(self.verify, |d| d.verify)
            || other(self.nobody_pays, |d| d.nobody_pays)
        {
            log.error(c"sharing cannot be changed by a remount");
            return Err(EINVAL);
        }
        Ok(())
    }
}
