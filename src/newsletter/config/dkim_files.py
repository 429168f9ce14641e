"""The files of DKIM keys: octets in, octets out, readable by nobody else.

What the octets mean is the craft's business, `newsletter.mail.dkim_keys`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from newsletter.errors import ConfigError, Fault

MAX_KEY_BYTES = 65_536


def dkim_file(folder: Path, selector: str) -> Path:
    """Where the key `selector` lies."""
    return folder / f"{selector}.pem"


def read_dkim_file(folder: Path, selector: str) -> bytes:
    """The octets of a key. Raises ConfigError when the file is missing, unreadable, or open to everybody."""
    path = dkim_file(folder, selector)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _fault(path, "is not a file. Name a DKIM key in PEM form.")
        if mode & 0o007:
            # Whoever reads it can sign as us. A group may: mail servers share a key so.
            raise _fault(path, f"can be read by everybody (mode {stat.S_IMODE(mode):04o}). Run: chmod 600 {path}")
        with path.open("rb") as file:
            octets = file.read(MAX_KEY_BYTES + 1)
    except FileNotFoundError:
        raise _fault(path, f"the DKIM key is missing. Make it: newsletter dkim keygen {selector}") from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}. Run newsletter as the user who may read it."
        raise _fault(path, message) from error
    if len(octets) > MAX_KEY_BYTES:
        raise _fault(path, "is too large for a key. Name a DKIM key in PEM form.")
    return octets


def write_dkim_file(folder: Path, selector: str, pem: bytes) -> Path:
    """A new key file with mode 0600, on the disk for good; never replaces one. Raises ConfigError."""
    path = dkim_file(folder, selector)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise _fault(
            path, "there is such a key already, and mail may be signed with it. Choose another name."
        ) from None
    except OSError as error:
        raise _fault(path, f"cannot be written: {error.strerror}. Check the folder's permissions.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _fault(path, f"cannot be written: {error.strerror}. Check the disk.") from error
    return path


def _fault(path: Path, message: str) -> ConfigError:
    return ConfigError([Fault(path=str(path), message=message)])
