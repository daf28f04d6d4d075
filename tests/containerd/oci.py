#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes two OCI images, which have no layer in common but most of their files:

    oci.py DIRECTORY

Each has a base of a shell and libraries, the second a newer one, and an application on top.
"""

import hashlib
import io
import json
import pathlib
import sys
import tarfile

BASE = ["/usr/bin/busybox"]
LIBRARIES = 8
SHELL_NAMES = ["sh", "cat", "sleep", "sha256sum"]


def libraries():
    """The largest shared libraries that are under 8 MiB."""
    found = []
    for path in sorted(pathlib.Path("/usr/lib/x86_64-linux-gnu").glob("*.so*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 8 << 20:
            found.append((path.stat().st_size, str(path)))
    return [path for _, path in sorted(found, reverse=True)[:LIBRARIES]]


class Layer:
    """A tar archive in memory."""

    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT)

    def directory(self, name):
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        self.tar.addfile(info)

    def link(self, name, target):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = tarfile.SYMTYPE, target
        self.tar.addfile(info)

    def file(self, name, data):
        info = tarfile.TarInfo(name)
        info.mode, info.size = 0o755, len(data)
        self.tar.addfile(info, io.BytesIO(data))

    def done(self):
        self.tar.close()
        return self.bytes.getvalue()


def base(release):
    layer = Layer()
    for name in ["bin", "etc", "usr", "usr/lib", "proc", "sys", "dev", "tmp"]:
        layer.directory(name)
    layer.file("bin/busybox", pathlib.Path(BASE[0]).read_bytes())
    for name in SHELL_NAMES:
        layer.link(f"bin/{name}", "busybox")
    # What an update changes, first, so that everything behind it lies elsewhere.
    layer.file("etc/release", f"release {release}\n".encode() * (1000 * release))
    for path in libraries():
        layer.file(f"usr/lib/{pathlib.Path(path).name}", pathlib.Path(path).read_bytes())
    return layer.done()


def application(number):
    layer = Layer()
    layer.directory("app")
    layer.file("app/run", f"application {number}\n".encode() * 10000)
    return layer.done()


class Image:
    """An archive in the layout of OCI images."""

    def __init__(self, path):
        self.tar = tarfile.open(path, mode="w")

    def file(self, name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        self.tar.addfile(info, io.BytesIO(data))

    def blob(self, kind, data):
        digest = hashlib.sha256(data).hexdigest()
        self.file(f"blobs/sha256/{digest}", data)
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data)}

    def write(self, name, layers):
        blobs = [self.blob("layer.v1.tar", layer) for layer in layers]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/bin/sleep", "10000"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [blob["digest"] for blob in blobs]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob("config.v1+json", json.dumps(config).encode()),
            "layers": blobs,
        }
        entry = self.blob("manifest.v1+json", json.dumps(manifest).encode())
        entry["annotations"] = {"io.containerd.image.name": name}
        index = {"schemaVersion": 2, "manifests": [entry]}
        self.file("index.json", json.dumps(index).encode())
        self.file("oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        self.tar.close()


def main():
    out = pathlib.Path(sys.argv[1])
    for number in [1, 2]:
        name = f"example.org/app-{number}:latest"
        Image(out / f"app-{number}.tar").write(name, [base(number), application(number)])


main()
