"""What the system says of a path, as a sentence of ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.errors import OutputError


@contextmanager
def sentences(path: str) -> Iterator[None]:
    """Turn what the system says of `path` into OutputError; a missing file stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (NotADirectoryError, IsADirectoryError) as error:
        raise OutputError(
            f"{path}: a link, a file or a folder is in the way. Outputs are never written through links: "
            "move it aside, then run the command again."
        ) from error
    except OSError as error:
        advice = "Check who may write there, then run the command again."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "Free some disk space, then run the command again."
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}). {advice} The last good file is still there."
        ) from error
