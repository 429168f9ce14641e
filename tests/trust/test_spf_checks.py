"""SPF: wrong records galore, and what is said of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.trust import MailIdentity, TrustCheck, Verdict, check_trust

BOUNCE = "bounce.example.org"
OURS = "ip4:192.0.2.25 ip6:2001:db8::25"


def spf(record: str, domain: str = BOUNCE) -> str:
    strings = [record[start : start + 255] for start in range(0, len(record), 255)]
    return f"{domain}. IN TXT " + " ".join(f'"{string}"' for string in strings)


def checks_of(checks: list[TrustCheck], domain: str = BOUNCE) -> list[TrustCheck]:
    return [check for check in checks if check.what == f"SPF of {domain}"]


def chain(length: int) -> list[str]:
    """Records that include one another, `length` of them, after the one of the bounce domain."""
    links = [spf(f"v=spf1 {OURS} include:s1.example.net ~all")]
    links += [spf(f"v=spf1 include:s{n + 1}.example.net ~all", f"s{n}.example.net") for n in range(1, length)]
    return [*links, spf("v=spf1 ip4:198.51.100.1 ~all", f"s{length}.example.net")]


def several(number: int, kind: str) -> list[str]:
    """One record with `number` mechanisms, each of a name that is there."""
    names = [f"{kind}{n}.example.net" for n in range(number)]
    terms = " ".join(f"{kind}:{name}" for name in names)
    made = {"a": "IN A 198.51.100.7", "mx": "IN MX 10 mail.bounce.example.org.", "include": 'IN TXT "v=spf1 ~all"'}
    return [spf(f"v=spf1 {OURS} {terms} ~all"), *(f"{name}. {made[kind]}" for name in names)]


def test_a_record_as_wanted_is_well(identity: MailIdentity, publish) -> None:
    checks = check_trust(identity, publish())

    for domain in ("example.org", BOUNCE):
        assert [check.verdict for check in checks_of(checks, domain)] == ["ok"]


WRONG: list[tuple[str, list[str], Verdict, str]] = [
    ("no record", ["bounce.example.org. IN MX 10 mail.bounce.example.org."], "advice", "no record"),
    ("two records", [spf(f"v=spf1 {OURS} ~all"), spf("v=spf1 a ~all")], "broken", "2 records, and so none counts"),
    ("everybody", [spf(f"v=spf1 {OURS} +all")], "broken", '"+all" lets everybody send'),
    ("everybody, shorter", [spf(f"v=spf1 {OURS} all")], "broken", '"all" lets everybody send'),
    ("everybody, in capitals", [spf(f"v=SPF1 {OURS} +ALL")], "broken", '"+all" lets everybody send'),
    ("neutral", [spf(f"v=spf1 {OURS} ?all")], "advice", '"?all" says nothing'),
    ("open end", [spf(f"v=spf1 {OURS}")], "advice", "it says nothing of other senders"),
    ("ptr", [spf(f"v=spf1 {OURS} ptr:example.net ~all")], "advice", "ptr is slow"),
    ("a word", [spf(f"v=spf1 {OURS} moo ~all")], "broken", "no receiver can read it: Unknown mechanism found: moo"),
    ("bad address", [spf(f"v=spf1 {OURS} ip4:192.0.2.256 ~all")], "broken", "no receiver can read it"),
    ("comma", [spf("v=spf1 ip4:192.0.2.25, ip6:2001:db8::25 ~all")], "broken", "no receiver can read it"),
    ("bad prefix", [spf(f"v=spf1 {OURS} ip4:192.0.2.0/33 ~all")], "broken", "no receiver can read it"),
    ("two redirects", [spf("v=spf1 redirect=a.example redirect=b.example")], "broken", "no receiver can read it"),
    ("bad macro", [spf(f"v=spf1 {OURS} exists:%(i).example.net ~all")], "broken", "no receiver can read it"),
    ("not ASCII", [spf(f"v=spf1 {OURS} a:h\\233tel.example ~all")], "broken", "no receiver can read it"),
    ("include nobody", [spf(f"v=spf1 {OURS} include:gone.example.net ~all")], "broken", "No valid SPF record"),
    ("one void", [spf(f"v=spf1 {OURS} a:gone.example.net ~all")], "advice", "nowhere to be found: gone.example.net"),
    (
        "three void",
        [spf(f"v=spf1 {OURS} a:x.example.net a:y.example.net mx:z.example.net ~all")],
        "broken",
        "more than 2 names in it are nowhere: x.example.net, y.example.net, z.example.net",
    ),
    ("eleven includes", several(11, "include"), "broken", "11 lookups, of which receivers make 10"),
    ("eleven addresses", several(11, "a"), "broken", "11 lookups, of which receivers make 10"),
    ("eleven exchanges", several(11, "mx"), "broken", "11 lookups, of which receivers make 10"),
    ("a chain of eleven", chain(11), "broken", "11 lookups, of which receivers make 10"),
    ("very many", several(60, "include"), "broken", "lookups, of which receivers make 10"),
    ("itself", [spf(f"v=spf1 {OURS} include:bounce.example.org ~all")], "broken", "it leads back to itself"),
    (
        "round",
        [
            spf(f"v=spf1 {OURS} include:one.example.net ~all"),
            spf("v=spf1 redirect=two.example.net", "one.example.net"),
            spf("v=spf1 include:One.Example.net ~all", "two.example.net"),
        ],
        "broken",
        "bounce.example.org → one.example.net → two.example.net → one.example.net",
    ),
    ("one address less", [spf("v=spf1 ip4:192.0.2.25 ~all")], "broken", "2001:db8::25 may not send: softfail"),
    ("denied", [spf("v=spf1 -ip4:192.0.2.25 ip6:2001:db8::25 ~all")], "broken", "192.0.2.25 may not send: fail"),
    ("too late", [spf(f"v=spf1 -all {OURS}")], "broken", "192.0.2.25 may not send: fail"),
]


@pytest.mark.parametrize(("lines", "verdict", "found"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_record_is_found(
    identity: MailIdentity, publish, lines: list[str], verdict: Verdict, found: str
) -> None:
    checks = checks_of(check_trust(identity, publish(*lines, without=[BOUNCE])))

    assert any(check.verdict == verdict and found in check.found and check.advice for check in checks), checks
    assert "ok" not in {check.verdict for check in checks}


RIGHT: list[tuple[str, list[str]]] = [
    ("ten includes", several(10, "include")),
    ("a chain of ten", chain(10)),
    ("redirect", [spf("v=spf1 redirect=s.example.net"), spf(f"v=spf1 {OURS} -all", "s.example.net")]),
    ("a redirect beside all", [spf(f"v=spf1 {OURS} ~all redirect=gone.example.net")]),
    ("its own exchange", [spf("v=spf1 mx ~all"), f"{BOUNCE}. IN MX 10 mail.bounce.example.org."]),
    ("a network", [spf("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all")]),
    ("another text beside", [spf(f"v=spf1 {OURS} ~all"), spf("site-verification=v=spf1"), spf("v=spf10 x")]),
    ("capitals", [spf(f"V=SPF1 {OURS} ~ALL")]),
    ("a macro", [spf(f"v=spf1 {OURS} exists:%{{i}}._spf.%{{d}} ~all")]),
    (
        "an address of one kind behind a name",
        [spf(f"v=spf1 {OURS} a:four.example.net ~all"), "four.example.net. IN A 192.0.2.4"],
    ),
    (
        "the same include twice",
        [spf(f"v=spf1 {OURS} include:s.example.net include:s.example.net ~all"), spf("v=spf1 ~all", "s.example.net")],
    ),
]


@pytest.mark.parametrize("lines", [case[1] for case in RIGHT], ids=[case[0] for case in RIGHT])
def test_a_right_record_is_left_alone(identity: MailIdentity, publish, lines: list[str]) -> None:
    checks = checks_of(check_trust(identity, publish(*lines, without=[BOUNCE])))

    assert [check.verdict for check in checks] == ["ok"], checks


def test_what_the_mail_servers_owner_asks_for_has_to_be_in_it(identity: MailIdentity, publish) -> None:
    relayed = replace(identity, spf_terms=("include:spf.example.net",))

    checks = checks_of(check_trust(relayed, publish()))

    assert [(check.verdict, check.found, check.advice) for check in checks] == [
        ("broken", "include:spf.example.net is not in it", "add include:spf.example.net")
    ]


def test_the_record_of_from_is_only_advice_since_receivers_look_at_the_envelope(
    identity: MailIdentity, publish
) -> None:
    names = publish(spf("v=spf1 ip4:192.0.2.25 -all", "example.org"), without=["example.org"])

    checks = checks_of(check_trust(identity, names), "example.org")

    assert [(check.verdict, check.advice) for check in checks] == [("advice", "add ip6:2001:db8::25")]


def test_without_a_record_and_without_knowing_the_servers_one_is_told_whom_to_ask(
    identity: MailIdentity, publish
) -> None:
    unknown = replace(identity, addresses=())

    (check,) = checks_of(check_trust(unknown, publish(without=[BOUNCE])))

    assert (check.verdict, check.advice) == ("advice", "ask who runs your mail server; then set dns.spf")


@pytest.mark.parametrize("silent", [BOUNCE, "s1.example.net"])
def test_a_name_server_that_is_silent_is_advice_and_never_well(identity: MailIdentity, publish, silent: str) -> None:
    checks = checks_of(check_trust(identity, publish(*chain(2), without=[BOUNCE], silent=[silent])))

    assert {check.verdict for check in checks} == {"advice"}
    assert f"could not be asked: No name server answered for {silent}" in checks[0].found
