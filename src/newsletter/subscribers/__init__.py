"""Readers: letting them in, what they chose, letting them go, and the signed links that are theirs.

The desk calls these functions; each opens its own transaction. Rooms beside this one meet it in the
store only.
"""

from newsletter.subscribers.addresses import ValidAddress, mask, parse_address
from newsletter.subscribers.choices import Choices, offered_rhythms
from newsletter.subscribers.departures import (
    Suppressed,
    SuppressionReason,
    Unsubscribed,
    Unsuppressed,
    suppress,
    unsubscribe,
    unsuppress,
)
from newsletter.subscribers.dossier import Erased, data_of, erase
from newsletter.subscribers.examining import Newcomer
from newsletter.subscribers.exports import ExportForm, export_rows
from newsletter.subscribers.forms import (
    Answer,
    ConfirmationKind,
    ConfirmationState,
    ConfirmationView,
    PreferencesView,
    ReaderOfToken,
    SignUpForm,
)
from newsletter.subscribers.import_report import ImportReport, Outcome, Problem, Wishes
from newsletter.subscribers.imports import import_rows
from newsletter.subscribers.keys import Keys, new_keys, parse_keys, rotated_keys, serialise_keys
from newsletter.subscribers.newcomers import Added, Arrival, Consent, Intake, add
from newsletter.subscribers.origins import Origin, OriginName, origin_named
from newsletter.subscribers.prospects import prospects
from newsletter.subscribers.register import counts, find, find_by_id, list_subscribers, update_choices
from newsletter.subscribers.returned import Done, Patience
from newsletter.subscribers.sign_ups import expire_pending
from newsletter.subscribers.sources import Source, open_source
from newsletter.subscribers.spreadsheets import BadRow, Row, Spreadsheet, open_spreadsheet
from newsletter.subscribers.tokens import (
    BouncedDelivery,
    Purpose,
    bounce_token,
    read_bounce_token,
    read_token,
    suppression_key,
    unsubscribe_token,
)
from newsletter.subscribers.wanted import Asking

__all__ = [
    "Added",
    "Answer",
    "Arrival",
    "Asking",
    "BadRow",
    "BouncedDelivery",
    "Choices",
    "ConfirmationKind",
    "ConfirmationState",
    "ConfirmationView",
    "Consent",
    "Done",
    "Erased",
    "ExportForm",
    "ImportReport",
    "Intake",
    "Keys",
    "Newcomer",
    "Origin",
    "OriginName",
    "Outcome",
    "Patience",
    "PreferencesView",
    "Problem",
    "Purpose",
    "ReaderOfToken",
    "Row",
    "SignUpForm",
    "Source",
    "Spreadsheet",
    "Suppressed",
    "SuppressionReason",
    "Unsubscribed",
    "Unsuppressed",
    "ValidAddress",
    "Wishes",
    "add",
    "bounce_token",
    "counts",
    "data_of",
    "erase",
    "expire_pending",
    "export_rows",
    "find",
    "find_by_id",
    "import_rows",
    "list_subscribers",
    "mask",
    "new_keys",
    "offered_rhythms",
    "open_source",
    "open_spreadsheet",
    "origin_named",
    "parse_address",
    "parse_keys",
    "prospects",
    "read_bounce_token",
    "read_token",
    "rotated_keys",
    "serialise_keys",
    "suppress",
    "suppression_key",
    "unsubscribe",
    "unsubscribe_token",
    "unsuppress",
    "update_choices",
]
