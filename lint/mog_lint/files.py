"""Writing files so that whoever reads them sees the old content or the new."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, data: bytes, mode: int | None = None, *, is_lasting: bool = True) -> None:
    """Write beside the file and move into its place, with the given permissions. Raises OSError.

    What is not `is_lasting` may be lost, or half of it, when the power goes.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        if mode is not None:
            written.chmod(mode)
        written.replace(path)
    except BaseException:
        with suppress(OSError):
            written.unlink()
        raise
