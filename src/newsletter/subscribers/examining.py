"""Newcomers looked at before the database is asked: an address we mail, choices we keep, a consent in words.

Comes in: a `Newcomer` as written. Goes out: a `CheckedNewcomer`, or every fault in sentences. Pure.
Called by `newcomers` and `imports`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.errors import UsageError
from newsletter.subscribers.addresses import ValidAddress, parse_address
from newsletter.subscribers.choices import (
    MAX_NAME_CHARACTERS,
    MAX_WORDING_CHARACTERS,
    Choices,
    Offer,
    Settings,
    plain_text,
    settle,
)
from newsletter.subscribers.keys import Keys
from newsletter.subscribers.tokens import suppression_key

MOST_REMEMBERED = 1_000
_NO_CONSENT = "consent: say how this reader agreed, since it must be provable (GDPR art. 7). Use --consent."


@dataclass(frozen=True, kw_only=True, slots=True)
class Newcomer:
    """An address as written, and the choices said with it."""

    address: str
    choices: Choices = field(default_factory=Choices)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedNewcomer:
    """A newcomer with nothing left to complain about, before the database is asked.

    `source` is this reader's own, in place of the consent's.
    """

    address: ValidAddress
    settings: Settings
    wording: str
    suppression_key: str
    source: str = ""


def check_newcomer(newcomer: Newcomer, wording: str, *, offer: Offer, keys: Keys) -> CheckedNewcomer:
    """The newcomer with address, choices and consent as they will be kept; UsageError with every fault."""
    return Examiner(offer, keys).check(newcomer, wording)


class Examiner:
    """Checks newcomers one after another, and remembers what the same choices and words came to.

    A long list holds few different ones, and settling them took a third of the time of a check.
    """

    def __init__(self, offer: Offer, keys: Keys) -> None:
        """Check against what this newsroom offers; addresses are hashed with its keys."""
        self._offer = offer
        self._keys = keys
        self._settled: dict[tuple[object, ...], Settings] = {}
        self._wordings: dict[str, str] = {}

    def check(self, newcomer: Newcomer, wording: str, *, source: str = "") -> CheckedNewcomer:
        """The newcomer as it will be kept, with a `source` of its own; UsageError with every fault."""
        faults: list[str] = []
        address, settings = None, None
        try:
            address = parse_address(newcomer.address)
        except UsageError as error:
            faults.append(str(error))
        try:
            settings = self._settle(newcomer.choices)
        except UsageError as error:
            faults.append(str(error))
        try:
            wording = self._wording(wording)
        except ValueError as error:
            faults.append(str(error))
        if not wording:
            faults.append(_NO_CONSENT)
        if faults or address is None or settings is None:
            raise UsageError("\n".join(faults))
        key = suppression_key(self._keys, address.key)
        return CheckedNewcomer(address=address, settings=settings, wording=wording, suppression_key=key, source=source)

    def _settle(self, choices: Choices) -> Settings:
        nameless = (choices.language, choices.time_zone, choices.rhythm, choices.hour, choices.topics)
        found = self._settled.get(nameless)
        if found is None:
            found = settle(choices, offer=self._offer)
            if len(self._settled) < MOST_REMEMBERED:
                self._settled[nameless] = found
        try:
            name = plain_text((choices.name or "").strip(), "name", MAX_NAME_CHARACTERS)
        except ValueError:
            # Once more, for every fault at once.
            return settle(choices, offer=self._offer)
        return Settings(
            name=name,
            language=found.language,
            time_zone=found.time_zone,
            rhythm=found.rhythm,
            hour=found.hour,
            topics=found.topics,
        )

    def _wording(self, wording: str) -> str:
        found = self._wordings.get(wording)
        if found is None:
            found = plain_text(" ".join(wording.split()), "consent", MAX_WORDING_CHARACTERS)
            if len(self._wordings) < MOST_REMEMBERED:
                self._wordings[wording] = found
        return found
