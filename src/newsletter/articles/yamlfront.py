"""YAML front matter to entries: plain values only, no anchors, no tags, no duplicate keys.

PyYAML composes a tree of nodes with their lines; nothing is ever constructed from a tag. Events are
looked through first, since composing recurses, and ten lines of aliases make a billion values.
"""

from __future__ import annotations

import yaml

from newsletter.articles.entries import Block, Entry, FrontMatter, Kind
from newsletter.articles.limits import MAX_FRONT_MATTER_DEPTH
from newsletter.errors import Fault

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    "str": Kind.TEXT,
    "int": Kind.NUMBER,
    "float": Kind.NUMBER,
    "bool": Kind.TRUTH,
    "timestamp": Kind.DATE,
    "null": Kind.NOTHING,
    "value": Kind.TEXT,
}


class _Refused(Exception):
    def __init__(self, line: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.field = field


def read_yaml(block: Block, *, path: str) -> FrontMatter:
    """The entries of a YAML block; a fault where it cannot be read or says a field twice."""
    try:
        _look_through(block)
        node = yaml.compose(block.text, Loader=yaml.SafeLoader)
        if node is None:
            return FrontMatter()
        if not isinstance(node, yaml.MappingNode):
            raise _Refused(block.line, "the front matter holds no fields. Write them as `title: …`, one a line.")
        entries, faults = _pairs(node, block, path=path)
    except _Refused as refusal:
        fault = Fault(path=path, line=refusal.line, field=refusal.field, message=refusal.message)
        return FrontMatter(faults=(fault,))
    except yaml.YAMLError as error:
        return FrontMatter(faults=(_syntax_fault(error, block, path=path),))
    return FrontMatter(entries=entries, faults=faults)


def _look_through(block: Block) -> None:
    depth = 0
    for event in yaml.parse(block.text, Loader=yaml.SafeLoader):
        line = block.line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(line, "an anchor or alias (& or *) has no place in front matter. Put the value in quotes.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_FRONT_MATTER_DEPTH:
            message = f"the front matter is nested deeper than {MAX_FRONT_MATTER_DEPTH}. Fields hold text or one list."
            raise _Refused(line, message)


def _pairs(node: yaml.MappingNode, block: Block, *, path: str) -> tuple[dict[str, Entry], tuple[Fault, ...]]:
    entries: dict[str, Entry] = {}
    faults: list[Fault] = []
    for key, value in node.value:
        line = block.line + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise _Refused(line, "the name of a field is a list or a table. Write it as `title: …`.")
        name = str(key.value)
        if name in entries:
            message = f"the field stands here again, first on line {entries[name].line}. Keep one of the two."
            faults.append(Fault(path=path, line=line, field=name, message=message))
            continue
        entry, inner = _entry(value, block, path=path, line=line, name=name)
        entries[name] = entry
        faults += inner
    return entries, tuple(faults)


def _entry(node: yaml.Node, block: Block, *, path: str, line: int, name: str) -> tuple[Entry, tuple[Fault, ...]]:
    tag = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.ScalarNode) and tag in _KINDS:
        return Entry(kind=_KINDS[tag], line=line, text=str(node.value)), ()
    if isinstance(node, yaml.SequenceNode) and tag == "seq":
        read = [
            _entry(each, block, path=path, line=block.line + each.start_mark.line, name=name) for each in node.value
        ]
        items = tuple(item for item, _ in read)
        return Entry(kind=Kind.LIST, line=line, items=items), tuple(fault for _, faults in read for fault in faults)
    if isinstance(node, yaml.MappingNode) and tag == "map":
        pairs, faults = _pairs(node, block, path=path)
        return Entry(kind=Kind.TABLE, line=line, pairs=pairs), faults
    raise _Refused(line, f'the YAML tag "{node.tag}" is not read here. Write plain text.', field=name)


def _syntax_fault(error: yaml.YAMLError, block: Block, *, path: str) -> Fault:
    problem, advice, mark = "it is not YAML", "Check the indentation there.", None
    if isinstance(error, yaml.MarkedYAMLError):
        problem, mark = error.problem or problem, error.problem_mark or error.context_mark
        if problem == "mapping values are not allowed here":
            problem, advice = "a value holds a second colon", "Put the value in quotes."
        elif "quoted scalar" in (error.context or ""):
            problem, advice, mark = "a quotation mark is never closed", "Close it.", error.context_mark
    line = block.line + (mark.line if mark else 0)
    return Fault(path=path, line=line, message=f"the front matter cannot be read: {problem}. {advice}")
