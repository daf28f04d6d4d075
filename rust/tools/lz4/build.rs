// SPDX-License-Identifier: GPL-2.0

//! Compiles the kernel's own decoder to compare with, from the source tree that the environment
//! variable KERNEL_SOURCE names, if it does.

use std::{
    env,
    fs,
    path::Path,
    process::Command, //
};

/// The headers that it includes, of which `src/kernel.h` has what it needs.
const HEADERS: [&str; 7] = [
    "bitops",
    "init",
    "kernel",
    "module",
    "string",
    "types",
    "unaligned",
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(kernel_lz4)");
    println!("cargo::rerun-if-env-changed=KERNEL_SOURCE");
    println!("cargo::rerun-if-changed=src/kernel.h");
    let Some(source) = env::var_os("KERNEL_SOURCE").filter(|source| !source.is_empty()) else {
        return;
    };
    let source = Path::new(&source);
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    let out = Path::new(&out);
    let linux = out.join("linux");
    fs::create_dir_all(&linux).expect("the directory is cargo's");
    for header in HEADERS {
        fs::write(
            linux.join(header).with_extension("h"),
            "#include <kernel.h>\n",
        )
        .expect("the directory is ours");
    }
    let header = source.join("include/linux/lz4.h");
    fs::copy(&header, linux.join("lz4.h")).unwrap_or_else(|e| {
        panic!(
            "KERNEL_SOURCE is no kernel source: {}: {e}",
            header.display()
        )
    });
    let object = out.join("lz4_decompress.o");
    run(Command::new("cc")
        .args(["-O2", "-c", "-fno-strict-aliasing", "-I"])
        .arg(out)
        .args(["-I", "src", "-I"])
        .arg(source.join("lib/lz4"))
        .arg("-o")
        .arg(&object)
        .arg(source.join("lib/lz4/lz4_decompress.c")));
    run(Command::new("ar")
        .arg("rcs")
        .arg(out.join("libkernel_lz4.a"))
        .arg(&object));
    println!("cargo::rustc-cfg=kernel_lz4");
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static=kernel_lz4");
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(
        status.as_ref().is_ok_and(|status| status.success()),
        "{command:?}: {status:?}"
    );
}
