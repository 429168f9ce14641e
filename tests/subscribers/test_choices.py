from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.errors import UsageError
from newsletter.model import Masthead, Topic
from newsletter.subscribers import Choices
from newsletter.subscribers.choices import Offer, offer_of, offered_rhythms, refuse_unoffered, settle


@pytest.fixture
def offer(masthead: Masthead) -> Offer:
    return offer_of(masthead)


def test_a_reader_who_says_nothing_gets_the_newsrooms_defaults(offer: Offer) -> None:
    settings = settle(Choices(), offer=offer)

    assert (settings.language, settings.time_zone, settings.rhythm) == ("en", "Europe/Paris", "each")
    assert (settings.name, settings.hour, settings.topics) == ("", None, ())


@pytest.mark.parametrize(
    ("choice", "field", "kept"),
    [
        ({"name": "  Ada Quay "}, "name", "Ada Quay"),
        ({"name": "Rene\u0301"}, "name", "René"),
        ({"name": "علي\u200cرضا"}, "name", "علي\u200cرضا"),
        ({"name": "n" * 255}, "name", "n" * 255),
        ({"language": "FR"}, "language", "fr"),
        ({"language": "fr_CA"}, "language", "fr"),
        ({"time_zone": "asia/tokyo"}, "time_zone", "Asia/Tokyo"),
        ({"rhythm": "Weekly"}, "rhythm", "weekly"),
        ({"hour": "8"}, "hour", 8),
        ({"hour": "08:00"}, "hour", 8),
        ({"hour": "0"}, "hour", 0),
        ({"hour": "23"}, "hour", 23),
        ({"topics": ("Diplomatie", "DIPLOMACY", " ", "diplomacy")}, "topics", ("diplomacy",)),
    ],
)
def test_a_choice_is_kept_as_this_newsroom_writes_it(
    offer: Offer, choice: dict[str, str], field: str, kept: object
) -> None:
    assert getattr(settle(Choices(**choice), offer=offer), field) == kept


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"name": "Ada\r\nBcc: dan@example.org"}, "name: the character U+000D cannot stay in it. Write it without."),
        ({"name": "Ada\x00"}, "name: the character U+0000"),
        ({"name": "Ada\u2028Quay"}, "name: the character U+2028"),
        ({"name": "Ada\ud800"}, "name: the character U+D800"),
        ({"name": "Ada\u202equay"}, "name: the character U+202E"),
        ({"name": "n" * 256}, "name: it is longer than 255 characters. Shorten it."),
        ({"language": "de"}, "language: no articles in “de” here. Choose one of: en, fr, ar."),
        ({"language": "-"}, "language: no articles in “-” here."),
        ({"time_zone": "Mars/Olympus"}, "time_zone: there is no “Mars/Olympus”. Write it like Europe/Paris."),
        ({"time_zone": "../../etc/passwd"}, "time_zone: there is no"),
        ({"time_zone": "Europe"}, "time_zone: there is no"),
        ({"time_zone": "localtime"}, "time_zone: there is no"),
        ({"rhythm": "hourly"}, "rhythm: there is no “hourly”. Choose one of: each, daily, weekly, monthly, feed."),
        ({"hour": "24"}, "hour: “24” is not a full hour."),
        ({"hour": "8:30"}, "hour: “8:30” is not a full hour."),
        ({"hour": "-1"}, "hour: “-1” is not a full hour."),
        ({"hour": "٨"}, "hour: “٨” is not a full hour."),
        ({"topics": ("gossip\x1b",)}, "topics: there is no “gossip\ufffd”. Choose among: diplomacy."),
    ],
)
def test_a_choice_that_cannot_be_kept_gets_a_sentence(offer: Offer, choice: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        settle(Choices(**choice), offer=offer)

    assert str(caught.value).startswith(sentence)


def test_all_faults_are_told_at_once(offer: Offer) -> None:
    with pytest.raises(UsageError) as caught:
        settle(Choices(language="de", rhythm="hourly", topics=("gossip",)), offer=offer)

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["language", "rhythm", "topics"]


def test_what_is_not_named_stays_and_an_empty_text_goes_back(offer: Offer) -> None:
    present = settle(Choices(name="Ada", language="fr", hour="7", topics=("diplomacy",)), offer=offer)

    assert settle(Choices(rhythm="daily"), offer=offer, present=present) == replace(present, rhythm="daily")
    emptied = settle(Choices(name="", language="", hour=" ", topics=()), offer=offer, present=present)
    assert emptied == offer.defaults


def test_undeclared_topics_are_not_offered(masthead: Masthead) -> None:
    offer = offer_of(replace(masthead, topics=(Topic(slug="gossip", declared=False),)))

    with pytest.raises(UsageError, match=r"none is declared in config\.toml"):
        settle(Choices(topics=("gossip",)), offer=offer)


def test_owner_may_give_the_usual_rhythms_and_those_of_the_schedules(masthead: Masthead) -> None:
    offer = offer_of(replace(masthead, rhythms=("each", "tides", "feed")))

    assert settle(Choices(rhythm="Tides"), offer=offer).rhythm == "tides"
    assert settle(Choices(rhythm="monthly"), offer=offer).rhythm == "monthly"
    with pytest.raises(UsageError, match="Choose one of: each, tides, feed, daily, weekly, monthly"):
        settle(Choices(rhythm="hourly"), offer=offer)


def test_form_offers_what_is_served_and_what_the_reader_has(masthead: Masthead) -> None:
    served = replace(masthead, rhythms=("each", "tides", "feed"))

    assert offered_rhythms(served) == ("each", "tides", "feed")
    assert offered_rhythms(served, "tides") == ("each", "tides", "feed")
    assert offered_rhythms(served, "weekly") == ("each", "tides", "feed", "weekly")


@pytest.mark.parametrize("rhythm", [None, "", " ", "each", " Tides ", "feed", "weekly"])
def test_choice_a_form_offers_is_let_through(masthead: Masthead, rhythm: str | None) -> None:
    refuse_unoffered(Choices(rhythm=rhythm), replace(masthead, rhythms=("each", "tides", "feed")), "weekly")


@pytest.mark.parametrize("rhythm", ["weekly", "hourly", "tides\x1b"])
def test_choice_no_form_offers_is_refused_in_a_sentence(masthead: Masthead, rhythm: str) -> None:
    with pytest.raises(UsageError, match=r"rhythm: no “.*” is offered\. Choose one of: each, tides, feed\."):
        refuse_unoffered(Choices(rhythm=rhythm), replace(masthead, rhythms=("each", "tides", "feed")))
