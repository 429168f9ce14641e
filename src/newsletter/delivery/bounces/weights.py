"""How heavy a failure is: does the mailbox not exist, can it not take mail now, or does somebody dislike us.

Pure. Comes in: the status and the words of a report. Only a dead mailbox may cost a reader the newsletter, so in
doubt a failure is light. The classes are those of RFC 3463.
"""

from __future__ import annotations

import re

from newsletter.delivery.bounces.report import Weight
from newsletter.delivery.retry import ADDRESS_CODES

_STATUS = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})")
# An enhanced code counts where servers put it: at the start, behind a reply code, a bracket, "#" or a colon. A
# version ("Exim 4.94.2") or an IP address is none.
_CODE_IN_TEXT = re.compile(r"(?:^\s*|[#(\[:;]\s*|\b[45]\d\d[ -]\s*#?)([45]\.[0-7]\.\d{1,3})(?![.\d])")
_TEMPORARY_REPLY = re.compile(r"(?:^|[:;]\s*|\(\s*)4\d\d(?:[ -]|$)")
# Words of servers that refuse the sender or the content; none of them says anything about the mailbox.
_POLICY = re.compile(
    r"\b(?:polic(?:y|ies)|spam\w*|blocked|block ?list\w*|blacklist\w*|denylist\w*|black ?hole|rbl|dnsbl|sbl|pbl|xbl"
    r"|barracuda\w*|proofpoint|cloudmark|sorbs|spamcop|dmarc|dkim|spf|reputation|unsolicited|bulk|abuse|virus|malware"
    r"|phish\w*|banned|(?:access|relay\w*) denied|prohibited|not permitted|not allowed|unauthenticated"
    r"|authenticat\w+|reverse dns"
    r"|rejected by (?:content|filter)|content reject\w*|rate limit\w*)\b",
    re.IGNORECASE,
)
# Phrases that can mean one thing only. "Mailbox unavailable" is not among them: RFC 5321 §4.2.3 gives it to any 550.
_NOBODY = re.compile(
    r"\b(?:user unknown|unknown user|no such (?:user|mailbox|recipient|address)|no mailbox here by that name"
    r"|(?:user|mailbox|recipient|account|address) (?:does not|doesn't) exist"
    r"|email account that you tried to reach does not exist"
    r"|utilisateur inconnu|destinataire inconnu"
    r"|unbekannter (?:benutzer|empfänger)|(?:benutzer|empfänger) unbekannt|postfach existiert nicht"
    r"|usuario desconocido|(?:el )?usuario no existe|destinatario desconocido|buzón inexistente)\b"
    r"|المستخدم غير موجود|مستخدم غير معروف",
    re.IGNORECASE,
)


def weigh(status: str, diagnostic: str, *, permanent: bool) -> Weight:
    """The weight of a failure: HARD for an address code, POLICY for 5.7.x, SOFT for all else.

    A code in the diagnostic text beats a missing status and one that says nothing (`5.0.0`, `5.1.0`). Where no code
    says anything, a permanent failure is POLICY by plain words of policy, and HARD by a few phrases that can mean
    nothing else. A temporary failure is never HARD. Source: RFC 3463 §3.
    """
    told = status_in(status)
    spoken = code_in(diagnostic)
    if "5.7." in (told[:4], spoken[:4]):
        return Weight.POLICY
    code = spoken if spoken and _says_nothing(told) else told
    if code in ADDRESS_CODES:
        return Weight.HARD if permanent else Weight.SOFT
    if not permanent or not _says_nothing(code) or code.startswith("4"):
        return Weight.SOFT
    if _POLICY.search(diagnostic):
        return Weight.POLICY
    if _NOBODY.search(diagnostic) and not _TEMPORARY_REPLY.search(diagnostic):
        return Weight.HARD
    return Weight.SOFT


def status_in(text: str) -> str:
    """The status at the start of a Status field, without comments and leading zeros; "" when there is none."""
    found = _STATUS.match(text.strip())
    return ".".join(str(int(number)) for number in found.groups()) if found else ""


def code_in(diagnostic: str) -> str:
    """The enhanced status code inside the words of a server; "" when there is none."""
    found = _CODE_IN_TEXT.search(diagnostic)
    return status_in(found[1]) if found else ""


def _says_nothing(status: str) -> bool:
    return not status or status.endswith(".0")
