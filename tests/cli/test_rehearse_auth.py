"""`rehearse-auth`, and the part of `doctor` that asks name servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.cli import rehearse_auth as rehearse_auth  # adds the command
from newsletter.cli.doctor_mail import build_checks, is_reserved
from newsletter.cli.opening import the_world
from newsletter.config.dkim_files import read_dkim_file
from newsletter.mail import DkimSigner, read_dkim_key, sign_message
from newsletter.newsroom import Newsroom
from newsletter.trust import ZoneNames, promised_zone, wanted_records

RELAY = '\n[transports.relay]\nkind = "smtp"\nhost = "127.0.0.1"\nport = 25\ntls = "none"\n'
MESSAGE = """\
From: The Harbour Post <news@harbour-post.net>
To: ben@example.org
Subject: Spring tides
Date: Sat, 01 Nov 2025 10:00:00 +0000
Message-ID: <e1.1@harbour-post.net>
List-Unsubscribe: <https://harbour-post.net/u/token>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

The tide tables hang at the harbour office.
"""


def configure(newsroom: Path, *lines: str, sender: str = "news@harbour-post.net", relay: bool = True) -> None:
    """Write `lines` into the configuration, with a relay and a sender whose domain exists."""
    config = newsroom / "config.toml"
    text = config.read_text("utf-8")
    kept = [f'from = "{sender}"' if line.startswith("from = ") else line for line in text.splitlines()]
    text = "\n".join(kept)
    if relay:
        text = text.replace('transport = "outbox"', 'transport = "relay"') + RELAY
    config.write_text("\n".join((text, *lines)) + "\n", "utf-8")


@pytest.fixture
def signing(run, newsroom: Path) -> Path:
    """The newsroom, with a key, an address, and a signed message in `message.eml` whose lines end as editors do."""
    run("dkim", "keygen", "news2025")
    configure(newsroom, '[dkim]\nselectors = ["news2025"]', '[dns]\naddresses = ["192.0.2.25"]')
    key = read_dkim_key(read_dkim_file(newsroom / "dkim", "news2025"), selector="news2025")
    signer = DkimSigner(domain="harbour-post.net", keys=(key,))
    octets = MESSAGE.replace("\n", "\r\n").encode("ascii")
    signed = sign_message(octets, signer, now=datetime(2025, 11, 1, tzinfo=UTC))
    (newsroom / "message.eml").write_bytes(signed.replace(b"\r\n", b"\n"))
    return newsroom


@pytest.fixture
def open_newsroom():
    opened: list[Newsroom] = []

    def opening(folder: Path) -> Newsroom:
        opened.append(Newsroom(folder, replace(the_world(), environ={})))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


def test_a_message_of_ours_would_be_trusted_once_the_records_are_published(run, signing: Path) -> None:
    result = run("rehearse-auth", "message.eml", "--json")

    assert result.code == 0, result.out
    assert (result.data["spf"]["result"], result.data["dkim"], result.data["dmarc"]) == ("pass", "pass", "pass")
    assert result.data["ip"] == "192.0.2.25"
    assert result.data["passes"]


def test_a_changed_message_would_not_be_trusted_and_that_is_exit_4(run, signing: Path) -> None:
    message = signing / "message.eml"
    message.write_bytes(message.read_bytes().replace(b"noon", b"x").replace(b"tables", b"tablets"))

    result = run("rehearse-auth", "message.eml")

    assert result.code == 4
    assert [line.split()[:2] for line in result.out.splitlines()[1:3]] == [["SPF", "pass"], ["DKIM", "fail"]]
    assert "newsletter doctor" in result.err


def test_the_records_of_a_file_are_asked_instead(run, signing: Path) -> None:
    (signing / "my.zone").write_text('harbour-post.net. IN TXT "v=spf1 ip4:198.51.100.7 -all"\n', "utf-8")

    result = run("rehearse-auth", "message.eml", "--zone", "my.zone", "--ip", "198.51.100.7", "--json")

    assert result.code == 4
    assert (result.data["spf"]["result"], result.data["dkim"], result.data["dmarc"]) == ("pass", "fail", "none")


def test_what_the_relays_owner_includes_is_taken_for_granted_aloud(run, newsroom: Path) -> None:
    configure(newsroom, '[dns]\nspf = ["include:spf.example.net"]')
    (newsroom / "message.eml").write_text(MESSAGE, "utf-8")

    result = run("rehearse-auth", "message.eml", "--json")

    assert result.data["spf"]["result"] == "pass"
    assert "Taken for granted: include:spf.example.net" in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.eml"], "nothing.eml: cannot be read (No such file or directory)"),
        (["config.toml"], "config.toml: is no message"),
        (["message.eml", "--ip", "somewhere"], '--ip: "somewhere" is no IP address'),
        (["message.eml", "--dns", "--zone", "my.zone"], "Choose one of them"),
        (["message.eml", "--zone", "nowhere.zone"], "nowhere.zone: cannot be read"),
        (["message.eml", "--zone", "message.eml"], "message.eml: is no zone file"),
    ],
)
def test_what_cannot_be_meant_is_exit_2(run, signing: Path, words: list[str], said: str) -> None:
    result = run("rehearse-auth", *words)

    assert result.code == 2
    assert said in result.err


def test_without_a_file_the_latest_article_is_mailed_for_a_look(run, signing: Path) -> None:
    result = run("rehearse-auth", "--json")

    assert result.code == 0
    assert result.data["dmarc"] == "pass"
    assert not (signing / "outbox" / "new").exists()


def test_without_any_article_a_message_has_to_be_named(run, signing: Path) -> None:
    for file in (signing / "articles").glob("*.md"):
        file.unlink()

    result = run("rehearse-auth")

    assert result.code == 2
    assert "newsletter rehearse-auth FILE" in result.err


def test_the_worlds_name_servers_need_to_know_where_mail_comes_from(run, newsroom: Path) -> None:
    (newsroom / "message.eml").write_text(MESSAGE, "utf-8")

    result = run("rehearse-auth", "message.eml", "--dns")

    assert result.code == 2
    assert "Pass --ip, or set dns.addresses." in result.err


def test_doctor_asks_nobody_while_emails_stay_here(run, newsroom: Path) -> None:
    checks = {check["what"]: check for check in run("doctor", "--json").data}

    assert checks["name servers"]["verdict"] == "ok"
    assert checks["name servers"]["found"] == "not asked: emails stay on this machine"


def test_doctor_asks_nobody_about_a_domain_that_is_kept_for_examples(newsroom: Path, open_newsroom) -> None:
    configure(newsroom, sender="news@example.org")

    (check,) = build_checks(open_newsroom(newsroom))

    assert (check.verdict, check.found) == ("advice", "not asked: nobody can own example.org")
    assert check.advice == "set email.from to an address of a domain of yours"


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [
        ("example.org", True),
        ("news.example.com", True),
        ("localhost", True),
        ("box.local", True),
        ("a.invalid", True),
        ("myexample.org", False),
        ("harbour-post.net", False),
    ],
)
def test_domains_that_nobody_can_own(domain: str, reserved: bool) -> None:
    assert is_reserved(domain) is reserved


def test_doctor_finds_well_what_it_told_to_publish(signing: Path, open_newsroom) -> None:
    room = open_newsroom(signing)
    identity = room.identity
    promised = promised_zone(identity, "192.0.2.25")
    names = ZoneNames({**promised.records, ("mail.harbour-post.net", "A"): ("192.0.2.25",)})

    checks = {check.what: check.verdict for check in build_checks(room, names=names)}

    assert checks == {
        "SPF of harbour-post.net": "ok",
        "DKIM key news2025 of harbour-post.net": "ok",
        "DMARC of harbour-post.net": "advice",
        "alignment of SPF": "ok",
        "alignment of DKIM": "ok",
        "MX of harbour-post.net": "ok",
        "name of 192.0.2.25": "ok",
    }


def test_doctor_looks_beforehand_while_emails_still_stay_here(signing: Path, open_newsroom) -> None:
    config = signing / "config.toml"
    config.write_text(config.read_text("utf-8").replace('transport = "relay"', 'transport = "outbox"'), "utf-8")

    checks = build_checks(open_newsroom(signing), names=ZoneNames({}))

    assert [check.verdict for check in checks if check.what.startswith("DKIM")] == ["broken"]


def test_a_domain_with_letters_outside_ascii_is_asked_for_as_dns_has_it(newsroom: Path, open_newsroom) -> None:
    configure(newsroom, '[dns]\naddresses = ["192.0.2.25"]', sender="news@zeitung-köln.de")

    identity = open_newsroom(newsroom).identity

    assert (identity.from_domain, identity.bounce_domain) == ("xn--zeitung-kln-zfb.de",) * 2
    assert all(each.as_zone_line().isascii() for each in wanted_records(identity))
