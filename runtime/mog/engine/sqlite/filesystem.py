"""Which paths can hold a store: what is in the way is said before SQLite meets it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from mog.errors import StoreUnusable

NETWORK_TYPES = frozenset(
    {"9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"}
    | {"nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb2", "smb3", "smbfs"}
)
"""Types of file system, as the kernel names them, whose locks or shared memory do not hold between machines."""

NETWORK_FUSE = frozenset(
    {"ceph", "cephfs", "curlftpfs", "davfs", "gcsfuse", "glusterfs", "goofys", "gvfsd-fuse", "rclone", "s3fs", "sshfs"}
)
"""What follows ``fuse.`` for file systems over a network; other FUSE file systems (ntfs-3g, bindfs) are local."""


def prepare(path: Path) -> None:
    """Make the directory of ``path``; raise StoreUnusable where no store can be."""
    if path.is_dir():
        raise StoreUnusable(f"{path} is a directory; name a file in it, such as {path / 'mog.db'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(f"the directory {path.parent} cannot be made ({error.strerror})") from error
    if not _allowed(path.parent, os.W_OK | os.X_OK):
        raise StoreUnusable(f"no right to write into {path.parent}, where {path.name} keeps files beside itself")
    if path.exists() and not _allowed(path, os.R_OK | os.W_OK):
        raise StoreUnusable(f"no right to read and write {path}")
    kind = file_system_type(path)
    if is_network(kind):
        raise StoreUnusable(f"{path} lies on a network file system ({kind}), where locks do not hold; use a local disk")


def _allowed(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def is_network(kind: str) -> bool:
    """Tell whether a type of file system is one over a network."""
    family, _, member = kind.partition(".")
    return kind in NETWORK_TYPES or (family in {"fuse", "fuseblk"} and member in NETWORK_FUSE)


def file_system_type(path: Path) -> str:
    """Return the kernel's name for the type of file system at ``path``, "" where that cannot be told.

    Source: /proc/self/mountinfo, see proc(5). Elsewhere than on Linux nothing is told.
    """
    if sys.platform != "linux":
        return ""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    return type_of_mount(path.parent.resolve(), mounts)


def type_of_mount(directory: Path, mounts: str) -> str:
    """Return the type of the innermost mount that holds ``directory``; the last of several at one place counts."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        mounted, _, source = line.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), mounted.split(" ")[4]))
        if len(point.parts) >= best and directory.is_relative_to(point):
            best, kind = len(point.parts), source.split(" ")[0]
    return kind
