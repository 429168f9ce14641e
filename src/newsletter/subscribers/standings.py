"""What other programs call a reader who may be mailed, one who refused, and one to leave out.

Comes in: the word in a state column. Goes out: a `Standing`. Pure. Called by `imports`.
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.subscribers.departures import SuppressionReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Whether a row may come in; `refusal` is why its address must never be mailed, if that is so."""

    is_mailable: bool
    refusal: SuppressionReason | None = None


_MAILABLE = (
    "active subscribed enabled confirmed regular premium gifted trialed churning yes true"
    " actif active abonné abonnée inscrit inscrite confirmé confirmée oui"
    " نشط مشترك"
)
_REFUSALS = {
    SuppressionReason.OBJECTED: (
        "unsubscribed unsubscribe blocklisted blacklisted blocked objected opted_out opt_out"
        " désabonné désabonnée désinscrit désinscrite désinscrits غير_مشترك ألغى_الاشتراك"
    ),
    SuppressionReason.BOUNCED: "bounced cleaned undeliverable hard_bounced hard_bounce rebond",
    SuppressionReason.COMPLAINED: "complained complaint spam plainte",
}
_LEFT_OUT = Standing(is_mailable=False)
_STANDINGS = {
    "": Standing(is_mailable=True),
    **dict.fromkeys(_MAILABLE.split(), Standing(is_mailable=True)),
    **{
        word: Standing(is_mailable=False, refusal=reason)
        for reason, words in _REFUSALS.items()
        for word in words.split()
    },
}


def standing_of(state: str) -> Standing:
    """What `state` means for the mail: a word that nobody knows lets nobody in and refuses nothing."""
    return _STANDINGS.get(state.strip().casefold().replace(" ", "_").replace("-", "_"), _LEFT_OUT)
