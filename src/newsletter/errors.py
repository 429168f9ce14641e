"""Everything that can go wrong and is told to a person, in one tree.

::

    NewsletterError                 exit 1
    ├── UsageError                  exit 2    the command cannot mean that
    ├── ArticleError                exit 4    a file cannot become an article; holds every fault of it
    ├── PreflightError              exit 4    findings of severity error keep an output home
    ├── StoreError                  exit 74   disk or database
    │   └── StoreBusy               exit 75   another process holds the database; try again
    ├── OutputError                 exit 74   a feed, page or mailbox file cannot be written
    ├── TransportError              exit 75   a transport cannot work at all; `permanent` → exit 1
    ├── NewsroomPaused              exit 75   a person has to agree before mail goes out
    ├── HookRefused                 (web)     a provider's report that nobody proves
    ├── NameFault                   exit 1    a name server does not answer
    └── ConfigError                 exit 78   configuration; holds every fault of it

A message says what happened, to what, and what to do next. Configuration errors stand beside the
sending errors, so that no "go on" can swallow them. This module imports nothing of the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing wrong in a file, as one line: ``file:line: field: what is wrong. What to do.``"""

    path: str
    message: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        """The fault as an editor can jump to it."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}" if self.field is None else f"{place}: {self.field}: {self.message}"


class NewsletterError(Exception):
    """Anything this program reports in a sentence instead of a traceback."""

    exit_code = 1


class UsageError(NewsletterError):
    """The command cannot mean that; nothing was done."""

    exit_code = 2


class _FaultyError(NewsletterError):
    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep `faults` (at least one), each shown on its own line."""
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ArticleError(_FaultyError):
    """A file cannot become an article; every fault of the file is in `faults`."""

    exit_code = 4


class ConfigError(_FaultyError):
    """The configuration cannot be used; every fault of it is in `faults`."""

    exit_code = 78


class PreflightError(NewsletterError):
    """Findings of severity error keep an output home."""

    exit_code = 4


class StoreError(NewsletterError):
    """The disk or the database refused; nothing is half done."""

    exit_code = 74


class StoreBusy(StoreError):
    """Another process holds the database longer than we wait."""

    exit_code = 75


class OutputError(NewsletterError):
    """A feed, page or mailbox file cannot be written; the last good one stays."""

    exit_code = 74


class NewsroomPaused(NewsletterError):
    """The newsroom mails nobody until a person agrees."""

    exit_code = 75


class TransportError(NewsletterError):
    """A transport cannot work at all: nothing is held against any reader.

    `permanent` says whether waiting helps; the retry rules read nothing else.
    """

    exit_code = 75

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        """Say what the transport answered, and whether a person has to act first."""
        super().__init__(message)
        self.permanent = permanent
        if permanent:
            self.exit_code = 1
