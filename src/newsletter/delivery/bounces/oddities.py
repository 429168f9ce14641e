"""Reports in other shapes than the standard's: whom flufl.bounce finds in them, and the words beside each name.

Comes in: tamed octets and their tree. Goes out: `Failure`s. Called by `reading`, after the standard was tried.
"""

from __future__ import annotations

import logging
import re

from flufl.bounce import all_failures

from newsletter.delivery.bounces.parts import Part, field_of, one_line, own_parts, parsed, text_of, without_quoted
from newsletter.delivery.bounces.report import Failure, Weight
from newsletter.delivery.bounces.statuses import Statuses, address_in
from newsletter.delivery.bounces.weights import code_in, weigh

# It logs a traceback of what it then raises; whatever that is, the report is kept for a person.
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())
logging.getLogger("flufl.bounce").propagate = False

# Its patterns take up to n³ steps for a line of n characters. The longest report in its own corpus has 22 KB.
MAX_OCTETS = 32_000
MAX_LINE = 200
MAX_FAILURES = 100
_MAX_WORDS = 5  # lines
_MACHINE = re.compile(
    r"mailer-?daemon|postmaster|mdaemon|mail.?(?:delivery|system|admin)|delivery.?system|<>", re.IGNORECASE
)


def read_oddities(tamed: bytes, message: Part, *, is_auto_reply: bool) -> Statuses:
    """Whom flufl.bounce finds in the message, each with the lines that stand beside the address.

    A person's absence note may hold an address that looks like one that failed. What calls itself an automatic reply
    therefore counts only if a mail server sent it, and so does a lone address between commas.
    """
    head = b"\n".join(line[:MAX_LINE] for line in tamed[:MAX_OCTETS].split(b"\n"))
    try:
        temporary, permanent = all_failures(_for_detectors(head))
    except Exception:  # noqa: BLE001  # patterns of others over octets of strangers may raise anything
        return Statuses()
    text = _text(message)
    doubtful = is_auto_reply or any(re.search(rf",\s*{re.escape(_plain(each))}\s*,", text) for each in permanent)
    if doubtful and not is_from_a_server(message):
        return Statuses()
    alone = len(temporary) + len(permanent) == 1
    failed = _failures(permanent, text, alone=alone, permanent=True)
    delayed = _failures(temporary, text, alone=alone, permanent=False)
    return Statuses(failed=failed, delayed=delayed, named=bool(failed or delayed))


def is_from_a_server(message: Part) -> bool:
    """Whether a mail server says that it wrote the message, in a report or in the sender's name."""
    return message.get_content_type() == "multipart/report" or bool(_MACHINE.search(field_of(message, "From")))


def _for_detectors(head: bytes) -> Part:
    tree = without_quoted(parsed(head))
    if not field_of(tree, "From"):
        # One of the detectors raises without a sender, and the others are then not asked.
        del tree["From"]
        tree["From"] = "unknown@unknown.invalid"
    return tree


def _failures(found: frozenset[bytes], text: str, *, alone: bool, permanent: bool) -> tuple[Failure, ...]:
    failures = []
    for address in sorted(filter(None, (address_in(_plain(each)) for each in found)))[:MAX_FAILURES]:
        words = _words_beside(text, address, alone=alone)
        weight = weigh("", words, permanent=permanent) if permanent else Weight.SOFT
        failures.append(Failure(address=address, status=code_in(words), diagnostic=words, weight=weight))
    return tuple(failures)


def _words_beside(text: str, address: str, *, alone: bool) -> str:
    """The paragraph that names the address, up to another one; the next paragraph too, if it says nothing else."""
    at = text.lower().find(address.lower())
    if at < 0:
        return ""
    paragraphs = re.split(r"\n\s*\n", text[text.rfind("\n", 0, at) + 1 :], maxsplit=2)
    lines = paragraphs[0].split("\n")[:_MAX_WORDS]
    more = next((at for at, line in enumerate(lines) if at and _names_another(line, address)), len(lines))
    words = one_line(" ".join(lines[:more]))
    if alone and len(words) <= len(address) + 4 and len(paragraphs) > 1:
        words = one_line(f"{words} {paragraphs[1]}")
    return words


def _names_another(line: str, address: str) -> bool:
    return "@" in line.lower().replace(address.lower(), "")


def _text(message: Part) -> str:
    """What the report itself says; the quoted message is somebody else's words."""
    leaves = [part for part in own_parts(message) if part.get_content_maintype() == "text"]
    return "\n\n".join(text_of(part)[:MAX_OCTETS] for part in leaves)[:MAX_OCTETS]


def _plain(address: bytes) -> str:
    return address.decode("utf-8", "replace")
