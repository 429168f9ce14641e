"""Where the program begins: words put in order, and every error turned into a sentence and an exit code."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from newsletter.cli.app import app
from newsletter.cli.screen import write
from newsletter.cli.values import plain
from newsletter.errors import NewsletterError

_FLAGS = frozenset({"-q", "--quiet", "-v", "--verbose", "--no-input", "--debug"})
_WITH_VALUE = frozenset({"-C", "--newsroom"})
_JOINED = ("-C", "--newsroom=")


def main() -> None:
    """Run the command line; every expected error is one sentence on stderr and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal of another encoding gets "\u2192" for an arrow, rather than us a traceback.
            stream.reconfigure(errors="backslashreplace")
    words = hoisted(sys.argv[1:])
    try:
        app(args=words)
    except NewsletterError as error:
        if "--debug" in words:
            raise
        write(sys.stderr, plain(str(error)))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        write(sys.stderr, "Stopped.")
        sys.exit(130)
    except Exception as error:  # the outermost door: a person gets a sentence, never a traceback
        if "--debug" in words:
            raise
        sentence = (
            f"A fault of this program, not of yours: {type(error).__name__}: {error}. "
            "Run the command again with --debug, and report what it shows."
        )
        write(sys.stderr, plain(sentence))
        sys.exit(1)


def hoisted(words: Sequence[str]) -> list[str]:
    """`words` with the global options first, wherever a person typed them; what follows `--` stays."""
    end = words.index("--") if "--" in words else len(words)
    globals_, others = [], []
    place = 0
    while place < end:
        word = words[place]
        if word in _WITH_VALUE and place + 1 < end:
            globals_ += [word, words[place + 1]]
            place += 1
        elif word in _FLAGS or (word.startswith(_JOINED) and word not in _WITH_VALUE):
            globals_.append(word)
        else:
            others.append(word)
        place += 1
    return [*globals_, *others, *words[end:]]
