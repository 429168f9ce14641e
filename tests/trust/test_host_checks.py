"""MX and PTR: bounces have somewhere to go, and our servers have a name."""

from __future__ import annotations

import pytest

from newsletter.trust import MailIdentity, TrustCheck, Verdict, check_trust

BOUNCE = "bounce.example.org"
SPF = f'{BOUNCE}. IN TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 ~all"'
REVERSE = "25.2.0.192.in-addr.arpa"


def checks_of(checks: list[TrustCheck], what: str) -> list[tuple[Verdict, str]]:
    return [(check.verdict, check.found) for check in checks if check.what == what]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([f"{BOUNCE}. IN MX 10 mail.{BOUNCE}."], [("ok", f"mail.{BOUNCE}")]),
        ([f"{BOUNCE}. IN A 192.0.2.25"], [("ok", "none; its own address takes mail")]),
        ([], [("broken", "none: bounces and unsubscribing mail get lost")]),
        ([f"{BOUNCE}. IN MX 0 ."], [("broken", "it says that it takes no mail (RFC 7505)")]),
        ([f"{BOUNCE}. IN MX 10 gone.example.org."], [("broken", "gone.example.org has no address")]),
        (
            [f"{BOUNCE}. IN MX 10 mail.{BOUNCE}.", f"{BOUNCE}. IN MX 20 gone.example.org."],
            [("advice", "gone.example.org has no address")],
        ),
    ],
)
def test_the_exchange_of_the_bounce_domain(
    identity: MailIdentity, publish, lines: list[str], said: list[tuple[Verdict, str]]
) -> None:
    checks = check_trust(identity, publish(SPF, *lines, without=[BOUNCE]))

    assert checks_of(checks, f"MX of {BOUNCE}") == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([f"{REVERSE}. IN PTR mail.{BOUNCE}."], [("ok", f"mail.{BOUNCE}")]),
        ([], [("broken", "no PTR record")]),
        ([f"{REVERSE}. IN PTR gone.example.org."], [("broken", "gone.example.org, which does not lead back")]),
        (
            [f"{REVERSE}. IN PTR other.example.org.", "other.example.org. IN A 192.0.2.26"],
            [("broken", "other.example.org, which does not lead back")],
        ),
        ([f"{REVERSE}. IN PTR gone.example.org.", f"{REVERSE}. IN PTR mail.{BOUNCE}."], [("ok", f"mail.{BOUNCE}")]),
    ],
)
def test_the_name_of_an_address_leads_back_to_it(
    identity: MailIdentity, publish, lines: list[str], said: list[tuple[Verdict, str]]
) -> None:
    checks = check_trust(identity, publish(*lines, without=[REVERSE]))

    assert checks_of(checks, "name of 192.0.2.25") == said


def test_an_ipv6_address_is_the_same_in_every_spelling(identity: MailIdentity, publish) -> None:
    assert checks_of(check_trust(identity, publish()), "name of 2001:db8::25") == [("ok", f"mail.{BOUNCE}")]


@pytest.mark.parametrize(
    ("silent", "what"),
    [
        (BOUNCE, f"MX of {BOUNCE}"),
        (f"mail.{BOUNCE}", f"MX of {BOUNCE}"),
        (REVERSE, "name of 192.0.2.25"),
        (f"mail.{BOUNCE}", "name of 192.0.2.25"),
    ],
)
def test_a_name_server_that_is_silent_is_advice_and_never_well(
    identity: MailIdentity, publish, silent: str, what: str
) -> None:
    ((verdict, found),) = checks_of(check_trust(identity, publish(silent=[silent])), what)

    assert verdict == "advice"
    assert found.startswith("could not be asked: No name server answered for")
