"""The fields at the top of a file, between two lines of ``---`` (YAML) or ``+++`` (TOML).

Comes in: the text of a file. Goes out: `FrontMatter` and the body below it. What the fields mean is
for `fields.py`.
"""

from __future__ import annotations

import re

from newsletter.articles.entries import Block, FrontMatter
from newsletter.articles.limits import MAX_FRONT_MATTER_CHARS
from newsletter.articles.tomlfront import read_toml
from newsletter.articles.yamlfront import read_yaml
from newsletter.errors import Fault

_FENCES = {"---": ("yaml", ("---", "...")), "+++": ("toml", ("+++",))}
_FIELD = re.compile(r"\s*(?:#.*\n\s*)*[\"']?[\w-]+[\"']?\s*[:=]|\s*\[\w|\s*\Z")


def read_front_matter(text: str, *, path: str) -> tuple[FrontMatter, str]:
    """The entries of a file's front matter, and the text below, which keeps its line numbers.

    No entries without front matter. What cannot be read is a fault; the text below is given all the same.
    """
    block, below, faults = _split(text, path=path)
    if block is None:
        return FrontMatter(faults=faults), below
    if len(block.text) > MAX_FRONT_MATTER_CHARS:
        message = f"the front matter is longer than {MAX_FRONT_MATTER_CHARS:,} characters. Move the text below it."
        return FrontMatter(faults=(Fault(path=path, line=1, message=message),)), below
    return read_yaml(block, path=path) if block.notation == "yaml" else read_toml(block, path=path), below


def _split(text: str, *, path: str) -> tuple[Block | None, str, tuple[Fault, ...]]:
    # A first line "---" that no field follows is a thematic break (CommonMark §4.1), not front matter.
    lines = text.split("\n")
    notation, closers = _FENCES.get(lines[0].rstrip(), ("", ()))
    if not notation:
        return None, text, ()
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in closers:
            inner = "\n".join(lines[1:number])
            if not _FIELD.match(inner):
                return None, text, ()
            return (
                Block(notation=notation, text=inner, line=2),
                "\n" * (number + 1) + "\n".join(lines[number + 1 :]),
                (),
            )
    if not _FIELD.match("\n".join(lines[1:])) or not "".join(lines[1:]).strip():
        return None, text, ()
    message = f'the front matter is never closed. Put "{lines[0].rstrip()}" on a line of its own below its last field.'
    return None, text, (Fault(path=path, line=1, message=message),)
