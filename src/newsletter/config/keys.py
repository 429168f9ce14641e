"""The file `newsletter.key`: text in, text out, readable by its owner alone.

What the text means is the subscribers' business. The desk reads it; `init` writes it, once.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from newsletter.errors import ConfigError, Fault
from newsletter.model import Finding, Severity

KEY_NAME = "newsletter.key"
MAX_KEY_BYTES = 65_536


def read_key(folder: Path) -> str:
    """The text of the newsroom's key file.

    Raises ConfigError when it is missing, unreadable, no plain file, or not text.
    """
    path = folder / KEY_NAME
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError([Fault(path=str(path), message="is not a file. Bring the key back from a backup.")])
        with path.open("rb") as file:
            source = file.read(MAX_KEY_BYTES + 1)
        if len(source) > MAX_KEY_BYTES:
            raise ConfigError([Fault(path=str(path), message="is too large for a key. Bring it back from a backup.")])
        return source.decode("ascii")
    except FileNotFoundError:
        message = "the key is missing, and without it no link in mail already sent works. Bring it back from a backup."
        raise ConfigError([Fault(path=str(path), message=message)]) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}. Run newsletter as the user who made it."
        raise ConfigError([Fault(path=str(path), message=message)]) from error
    except UnicodeDecodeError:
        # The cause would quote the key's bytes.
        message = "is not text, so it is damaged. Bring it back from a backup."
        raise ConfigError([Fault(path=str(path), message=message)]) from None


def write_key(folder: Path, text: str) -> Path:
    """A new key file that holds `text`, on the disk for good, with mode 0600.

    Never replaces one: of two writers at once, one gets ConfigError. A failed write leaves no file.
    """
    path, content = folder / KEY_NAME, text.encode("ascii")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        message = "there is a key already, and links in sent mail depend on it. Keep it."
        raise ConfigError([Fault(path=str(path), message=message)]) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(folder)
    except BaseException as error:
        # Half a key would be worse than none: the next run would take it for the real one.
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise
    return path


def check_key(folder: Path) -> tuple[Finding, ...]:
    """What is wrong with the key file as a file: missing, or readable by others. Empty when nothing is."""
    path = folder / KEY_NAME
    try:
        mode = path.stat().st_mode
    except OSError:
        advice = "Bring it back from a backup. In a newsroom without readers: newsletter init"
        return (_finding("key-missing", f"There is no {KEY_NAME}.", advice, path),)
    if mode & 0o077:
        message = f"{KEY_NAME} can be read or written by others (mode {stat.S_IMODE(mode):04o})."
        return (_finding("key-readable", message, f"Run: chmod 600 {path}", path),)
    return ()


def _finding(code: str, message: str, advice: str, path: Path) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, advice=advice, place=str(path))


def _unwritable(path: Path, error: OSError) -> ConfigError:
    message = f"cannot be written: {error.strerror}. Check the disk and the folder's permissions."
    return ConfigError([Fault(path=str(path), message=message)])


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut: fsync of a file does not sync the folder that names it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
