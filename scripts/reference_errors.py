"""docs/errors.md, from the tree of errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from newsletter import errors

HEAD = """\
# Errors

Whatever goes wrong is told in a sentence: what happened, to what, and what to do next.
File and line stand before it where there is one.
Each class of error has its exit code; all classes stand in [`errors.py`](../src/newsletter/errors.py).
`--debug` shows a traceback as well.

"""


def page() -> str:
    """The whole page."""
    tree = inspect.cleandoc(errors.__doc__ or "").partition("::\n")[2].partition("\nA message says")[0]
    lines = ["```", inspect.cleandoc(tree).strip(), "```", "", "| error | exit code | what it means |", "|---|---|---|"]
    for found in classes():
        first = inspect.cleandoc(found.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{found.__name__}` | {found.exit_code} | {first} |")
    return HEAD + "\n".join(lines) + "\n"


def classes() -> Iterator[type[errors.NewsletterError]]:
    """Every public error of the tree, parents first."""
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.NewsletterError) and not value.__name__.startswith("_"):
            yield value
