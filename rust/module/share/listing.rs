// SPDX-License-Identifier: GPL-2.0

//! `sharers` in debugfs: all content that can be found, and which files of which images are bound to
//! it, one line for each. Domains are secret, and shown as [`Registry::shown`] has them.

use super::{
    content::{
        Content,
        Contents, //
    },
    registry::Registry,
    trust::State, //
};
use crate::{
    sys::inode_table::Held,
    vfs::inode::Inode, //
};
use kernel::{
    debugfs::{
        Dir,
        File, //
    },
    fmt,
    prelude::*,
    sync::Arc, //
};

/// The file, while it is there.
pub(crate) type Sharers = File<Arc<Registry>>;

/// Makes it in `dir`.
pub(crate) fn file<'a>(dir: &'a Dir, registry: Arc<Registry>) -> impl PinInit<Sharers, Error> + 'a {
    dir.read_callback_file(c"sharers", Ok::<_, Error>(registry), &print)
}

fn print(registry: &Arc<Registry>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut slot = 0;
    let mut held = Held::new();
    while let Some(next) = registry.table.hold(slot, &mut held) {
        slot = next;
        for content in held.iter() {
            line(registry, content, f)?;
        }
    }
    Ok(())
}

fn line(registry: &Registry, content: &Inode<Contents>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let node = content.node();
    let domain = registry.shown(node.key().domain);
    let why = match node.state() {
        State::Claim => "claim",
        _ => "verified",
    };
    let mut result = Ok(());
    let mut none = true;
    let head = |f: &mut fmt::Formatter<'_>| {
        fingerprint(node, f)?;
        write!(
            f,
            " domain={domain} content={} size={} pages={} {why}",
            content.number(),
            content.size(),
            content.data_mapping().pages(),
        )
    };
    node.providers.for_each(|mount, nid| {
        none = false;
        if result.is_ok() {
            let name = mount.name().to_str().unwrap_or("?");
            let ino = mount.disk.ino(nid);
            result = head(f).and_then(|()| writeln!(f, " image={name} nid={nid} ino={ino}"));
        }
    });
    result?;
    match none {
        true => head(f).and_then(|()| writeln!(f, " lingers")),
        false => Ok(()),
    }
}

/// What precedes its colon as it is, the rest in hexadecimal digits.
fn fingerprint(content: &Content, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let value = content.key().fingerprint;
    let kind = value.iter().position(|&byte| byte == b':');
    let (kind, rest) = value.split_at(kind.map_or(0, |at| at.saturating_add(1)));
    for &byte in kind {
        match byte {
            b'!'..=b'~' => write!(f, "{}", byte as char)?,
            _ => f.write_str("?")?,
        }
    }
    for byte in rest {
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}
