"""DMARC: one good record, and domains that belong together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.trust import MailIdentity, TrustCheck, Verdict, check_trust, read_zone
from newsletter.trust.dmarc import are_aligned, find_dmarc, organisational_domain

NAME = "_dmarc.example.org"
RUA = "rua=mailto:ada@example.org"


def record(text: str, name: str = NAME) -> str:
    return f'{name}. IN TXT "{text}"'


def dmarc_of(checks: list[TrustCheck]) -> list[TrustCheck]:
    return [check for check in checks if check.what == "DMARC of example.org"]


def alignment_of(checks: list[TrustCheck]) -> dict[str, Verdict]:
    return {check.what.rpartition(" ")[2]: check.verdict for check in checks if check.what.startswith("alignment of")}


SAID: list[tuple[str, list[str], list[tuple[Verdict, str]]]] = [
    ("quarantine", [record(f"v=DMARC1; p=quarantine; {RUA}")], [("ok", "p=quarantine at example.org")]),
    ("reject", [record(f"v=DMARC1;p=Reject;{RUA};")], [("ok", "p=reject at example.org")]),
    ("none", [record(f"v=DMARC1; p=none; {RUA}")], [("advice", "p=none: receivers only report")]),
    ("missing", [], [("broken", "no record")]),
    ("two", [record(f"v=DMARC1; p=none; {RUA}")] * 1 + [record("v=DMARC1; p=reject")], [("broken", "2 records")]),
    ("junk", [record("hello")], [("broken", f"no record, but at {NAME}: hello")]),
    ("another version", [record("v=DMARC2; p=reject")], [("broken", "no record, but at")]),
    ("no policy", [record(f"v=DMARC1; {RUA}")], [("advice", "no policy in it")]),
    ("bad policy", [record(f"v=DMARC1; p=block; {RUA}")], [("advice", "p=block is no policy; it counts as none")]),
    ("bad policy and no reports", [record("v=DMARC1; p=block")], [("broken", "p=block is no policy, and so")]),
    ("no reports", [record("v=DMARC1; p=reject")], [("advice", "nobody gets reports")]),
    ("no address", [record("v=DMARC1; p=reject; rua=ada@example.org")], [("advice", "is no address")]),
    ("percent", [record(f"v=DMARC1; p=reject; pct=50; {RUA}")], [("advice", "pct= is no longer part of DMARC")]),
    ("tried out", [record(f"v=DMARC1; p=reject; t=y; {RUA}")], [("advice", "only tried out")]),
    ("loose ends", [record(f"v=DMARC1; p=reject; what; {RUA}")], [("advice", "parts of it are no tags")]),
    ("twice a tag", [record(f"v=DMARC1; p=reject; p=none; {RUA}")], [("broken", "no record, but at")]),
    (
        "reports elsewhere",
        [record("v=DMARC1; p=reject; rua=mailto:x@reports.example.net!10m")],
        [("advice", "reports.example.net has not agreed to get reports of example.org")],
    ),
    (
        "reports elsewhere, agreed",
        [
            record("v=DMARC1; p=reject; rua=mailto:x@reports.example.net"),
            record("v=DMARC1;", "example.org._report._dmarc.reports.example.net"),
        ],
        [("ok", "p=reject")],
    ),
]


@pytest.mark.parametrize(("lines", "said"), [case[1:] for case in SAID], ids=[case[0] for case in SAID])
def test_each_record_is_judged(
    identity: MailIdentity, publish, lines: list[str], said: list[tuple[Verdict, str]]
) -> None:
    checks = dmarc_of(check_trust(identity, publish(*lines, without=[NAME])))

    assert [check.verdict for check in checks] == [verdict for verdict, _ in said]
    for check, (verdict, found) in zip(checks, said, strict=True):
        assert found in check.found
        assert bool(check.advice) == (verdict != "ok")


def test_what_is_missing_is_told_as_it_has_to_be_pasted(identity: MailIdentity, publish) -> None:
    (check,) = dmarc_of(check_trust(identity, publish(without=[NAME])))

    assert check.advice == f"publish the TXT record: v=DMARC1; p=none; {RUA}"


def test_a_record_above_counts_for_a_name_below(identity: MailIdentity, publish) -> None:
    below = replace(identity, from_domain="news.example.org")
    lines = record(f"v=DMARC1; p=reject; sp=quarantine; {RUA}")

    checks = check_trust(below, publish(lines, without=[NAME]))

    assert ("ok", "p=quarantine at example.org") in {(check.verdict, check.found) for check in checks}


def test_domains_of_one_organisation_are_aligned(identity: MailIdentity, publish) -> None:
    assert alignment_of(check_trust(identity, publish())) == {"SPF": "ok", "DKIM": "ok"}


@pytest.mark.parametrize(
    ("changes", "policy", "verdicts"),
    [
        ({"bounce_domain": "example.net"}, "", {"SPF": "advice", "DKIM": "ok"}),
        ({"dkim_domain": "example.net"}, "", {"SPF": "ok", "DKIM": "advice"}),
        ({"bounce_domain": "example.net", "dkim_domain": "example.com"}, "", {"SPF": "broken", "DKIM": "broken"}),
        ({}, "aspf=s", {"SPF": "advice", "DKIM": "ok"}),
        ({"dkim_domain": "mail.example.org"}, "adkim=s; aspf=s", {"SPF": "broken", "DKIM": "broken"}),
        ({"bounce_domain": "example.net", "keys": ()}, "", {"SPF": "broken"}),
    ],
)
def test_a_domain_that_is_not_aligned_is_advice_as_long_as_the_other_is(
    identity: MailIdentity, publish, changes: dict[str, str], policy: str, verdicts: dict[str, Verdict]
) -> None:
    names = publish(record(f"v=DMARC1; p=reject; {RUA}; {policy}"), without=[NAME])

    assert alignment_of(check_trust(replace(identity, **changes), names)) == verdicts


@pytest.mark.parametrize("silent", [NAME, "_dmarc.bounce.example.org"])
def test_a_name_server_that_is_silent_is_advice_and_never_well(identity: MailIdentity, publish, silent: str) -> None:
    checks = check_trust(identity, publish(silent=[silent]))

    alignment = [check for check in checks if check.what.startswith("alignment")]
    assert [check.verdict for check in alignment] == ["advice"]
    assert "could not be asked" in alignment[0].found


ORGANISATIONS = [
    ("a.mail.example.com", [], "a.mail.example.com"),
    ("a.mail.example.com", ["example.com"], "example.com"),
    ("a.mail.example.com", ["mail.example.com", "example.com"], "example.com"),
    ("a.mail.example.com", ["mail.example.com psd=n", "example.com"], "mail.example.com"),
    ("a.mail.example.com", ["com psd=y", "example.com"], "example.com"),
    ("a.mail.example.com", ["com psd=y"], "example.com"),
    ("example.com", ["example.com psd=y", "com"], "example.com"),
    ("a.b.giant.bank.example", ["bank.example psd=y"], "giant.bank.example"),
    ("a.b.c.d.e.f.g.h.i.j.example.com", ["example.com"], "example.com"),
    ("a.b.c.d.e.f.g.h.i.j.example.com", ["j.example.com", "d.e.f.g.h.i.j.example.com"], "j.example.com"),
]


@pytest.mark.parametrize(("domain", "published", "organisation"), ORGANISATIONS)
def test_the_walk_up_the_tree_ends_at_the_organisation(domain: str, published: list[str], organisation: str) -> None:
    lines = []
    for each in published:
        name, _, psd = each.partition(" ")
        lines.append(record(f"v=DMARC1; p=none; {psd}", f"_dmarc.{name}"))

    assert organisational_domain(read_zone("\n".join(lines), called="test"), domain) == organisation


def test_a_long_name_is_asked_about_eight_times_at_most() -> None:
    class Counting:
        asked: list[str] = []  # noqa: RUF012

        def txt(self, name: str) -> tuple[str, ...]:
            self.asked.append(name)
            return ()

    names = Counting()
    organisational_domain(names, ".".join("abcdefghijklmno"))  # type: ignore[arg-type]

    assert names.asked[0] == "_dmarc.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o"
    assert names.asked[1] == "_dmarc.i.j.k.l.m.n.o"
    assert len(names.asked) == 8


def test_a_public_suffix_speaks_for_those_below_it_without_a_record() -> None:
    names = read_zone(record("v=DMARC1; p=reject; psd=y", "_dmarc.bank.example"), called="test")

    found = find_dmarc(names, "giant.bank.example")

    assert found is not None
    assert found.policy_for("giant.bank.example") == "reject"
    assert not are_aligned(names, "giant.bank.example", "small.bank.example")
