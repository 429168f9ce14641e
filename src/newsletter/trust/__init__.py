"""What the world's name servers must say so that our mail is trusted, what they do say, and what comes of it.

Comes in: who sends, a message, and somebody to ask for names. Goes out: records to publish, checks, verdicts.
Pure but for `DnsNames`, which alone asks the network. Called by the doors.
"""

from newsletter.trust.checks import check_trust
from newsletter.trust.name_servers import DnsNames
from newsletter.trust.rehearsal import AuthResult, rehearse_auth
from newsletter.trust.signatures import Signature
from newsletter.trust.spf_query import SpfVerdict
from newsletter.trust.trust_check import TrustCheck, Verdict
from newsletter.trust.wanted import NOBODY, MailIdentity, RecordKind, Wanted, promised_zone, wanted_records
from newsletter.trust.zone import NameFault, Names, ZoneNames, read_zone

__all__ = [
    "NOBODY",
    "AuthResult",
    "DnsNames",
    "MailIdentity",
    "NameFault",
    "Names",
    "RecordKind",
    "Signature",
    "SpfVerdict",
    "TrustCheck",
    "Verdict",
    "Wanted",
    "ZoneNames",
    "check_trust",
    "promised_zone",
    "read_zone",
    "rehearse_auth",
    "wanted_records",
]
