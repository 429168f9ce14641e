"""How fast mail may go: what the file says, and what the program makes of it."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config.pace_values import MAX_COUNT, UNITS, Hours, Limit, read_day, read_hours, read_limit
from newsletter.config.show import show
from newsletter.delivery.pace import PaceRules, TransportPace, pace_rules

PACED = """\
limits = ["14/second", "50000/day"]
warm_up = 2026-11-24

[transports.spare]
kind = "maildir"
path = "outbox"
"""


@pytest.mark.parametrize(
    ("text", "count", "per"),
    [
        ("14/second", 14, timedelta(seconds=1)),
        ("600 / minute", 600, timedelta(minutes=1)),
        ("5000/hour", 5000, timedelta(hours=1)),
        (" 50000/day ", 50_000, timedelta(days=1)),
    ],
)
def test_a_limit_is_a_number_and_a_unit(text, count, per):
    assert read_limit(text) == Limit(count=count, per=per)


@given(st.builds(Limit, count=st.integers(1, MAX_COUNT), per=st.sampled_from(list(UNITS.values()))))
def test_a_limit_reads_what_it_writes(limit):
    assert read_limit(str(limit)) == limit


@pytest.mark.parametrize(
    "text", ["14", "14/week", "-1/day", "1.5/second", "14/seconds", "٣/day", "99999999999/day", ""]
)
def test_nothing_else_is_a_limit(text):
    with pytest.raises(ValueError, match="Write a number"):
        read_limit(text)


@given(st.builds(Hours, start=st.just(time(8)), end=st.times().map(lambda at: time(at.hour, at.minute))))
def test_hours_read_what_they_write(hours):
    if hours.start != hours.end:
        assert read_hours(str(hours)) == hours


@pytest.mark.parametrize("text", ["08:00", "08:00-24:00", "8-20", "08:00-20:00-22:00", "08:00–20:00"])
def test_nothing_else_are_hours(text):
    with pytest.raises(ValueError, match="are no hours"):
        read_hours(text)


def test_a_day_may_stand_in_quotes():
    assert read_day("2026-11-24") == read_day(date(2026, 11, 24)) == date(2026, 11, 24)


def test_several_transports_are_used_in_their_order(load, minimal):
    config = load(minimal.replace('transport = "relay"', 'transport = ["spare", "relay"]') + PACED)

    assert config.transport.name == "spare"
    assert [transport.name for transport in config.transports_in_use] == ["spare", "relay"]


def test_one_transport_is_used_alone(load):
    config = load()

    assert config.transports_in_use == (config.transport,)


def test_the_rules_of_a_newsroom_reach_the_gate(load, minimal):
    text = minimal.replace(
        'transport = "relay"', 'transport = ["relay", "spare"]\nhours = "08:00-20:00"\nper_domain = 5'
    )
    text = text.replace('language = "en"', 'language = "en"\ntime_zone = "Europe/Paris"')

    rules = pace_rules(load(text + PACED))

    assert rules == PaceRules(
        transports={
            "relay": TransportPace(
                limits=(read_limit("14/second"), read_limit("50000/day")), warm_up=date(2026, 11, 24)
            ),
            "spare": TransportPace(),
        },
        hours=Hours(start=time(8), end=time(20)),
        zone="Europe/Paris",
        per_domain=5,
    )


def test_a_newsroom_that_says_nothing_is_careful_with_domains_alone(load):
    assert pace_rules(load()) == PaceRules(transports={"relay": TransportPace()}, per_domain=20)


def test_a_maildir_has_no_domains_to_be_careful_with(load, minimal):
    rules = pace_rules(load(minimal.replace('transport = "relay"', 'transport = "spare"') + PACED))

    assert rules.per_domain is None


def test_what_is_shown_of_the_pace_loads_again_as_the_same(load, minimal):
    text = minimal.replace('transport = "relay"', 'transport = ["relay", "spare"]\nhours = "22:00-06:00"')
    config = load(text + PACED)

    again = load("\n".join(str(setting) for setting in show(config)))

    assert (again.delivery, again.transports) == (config.delivery, config.transports)
    shown = {setting.key: setting.text for setting in show(config)}
    assert shown["delivery.hours"] == '"22:00-06:00"'
    assert shown["transports.relay.limits"] == '["14/second", "50000/day"]'
    assert shown["transports.relay.warm_up"] == '"2026-11-24"'


def test_a_spare_without_its_password_is_told_of(load, minimal):
    text = minimal.replace('transport = "relay"', 'transport = ["relay", "spare"]')
    spare = '[transports.spare]\nkind = "smtp"\nhost = "mail.example.org"\nuser = "news"\n'

    assert [warning for warning in load(text + spare).warnings if "transports.spare.password" in warning]
    assert not [warning for warning in load(minimal + spare).warnings if "transports.spare.password" in warning]
