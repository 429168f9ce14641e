"""Readers of values: what they give, and that nothing but a sentence comes out of rubbish."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.config import addresses, pace_values, values
from newsletter.config.addresses import read_bind, read_domain, read_host, read_mailbox, read_network, read_tag
from newsletter.config.values import (
    Reads,
    quoted,
    read_duration,
    read_language,
    read_secret,
    read_slug,
    read_text,
    read_time_zone,
    write_duration,
)
from newsletter.model import Mailbox

READERS = [
    *(getattr(values, name) for name in dir(values) if name.startswith("read_")),
    *(getattr(addresses, name) for name in dir(addresses) if name.startswith("read_")),
    *(getattr(pace_values, name) for name in dir(pace_values) if name.startswith("read_")),
    values.list_of(read_language),
    values.table_of(read_language, read_text),
    values.whole_number(1, 9),
]
RUBBISH = st.one_of(
    st.text(),
    st.text('<>@.:/[]-,"\\ ab0é\u202e\r\n', max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.none(),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)


@settings(deadline=None)
@given(RUBBISH)
def test_a_reader_reads_or_says_a_sentence(rubbish):
    for read in READERS:
        try:
            read(rubbish)
        except ValueError as error:
            message = str(error)
            assert message.isprintable()
            assert message.endswith(".")
            assert len(message) < 400


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0s", 0), ("45s", 45), ("30m", 1800), ("6h", 21_600), ("1h30m", 5_400), ("2d", 172_800), ("1d2h3m4s", 93_784)],
)
def test_a_duration_is_numbers_with_units(written, seconds):
    assert read_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", " ", "6", "h", "6 h", "30m1h", "-1h", "1.5h", "١h", "6H", "367d", "9" * 41 + "s"]
)
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError, match=r"duration|longer"):
        read_duration(written)


@settings(deadline=None)
@given(st.integers(0, 366 * 86_400))
def test_a_duration_written_and_read_again_is_the_same(seconds):
    duration = timedelta(seconds=seconds)

    assert read_duration(write_duration(duration)) == duration


def test_text_is_trimmed_and_composed():
    assert read_text("  cafe\u0301 ") == "café"


def test_a_secret_is_kept_as_it_is_written():
    secret = " cafe\u0301 " + "x" * 300

    assert read_secret(secret).reveal() == secret


@settings(deadline=None)
@given(st.text())
def test_no_line_break_or_control_character_passes_as_text(text):
    try:
        read = read_text(text)
    except ValueError:
        return

    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in read)


def test_a_quoted_value_is_short_and_moves_no_terminal():
    assert quoted("\x1b[2J\u202e" + "x" * 100) == '"\\u001b[2J\\u202e' + "x" * 74 + '…"'


@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_a_known_time_zone_is_taken(zone):
    assert read_time_zone(zone) == zone


@pytest.mark.parametrize(
    "zone", ["Europe", "localtime", "../etc/passwd", "europe/paris", "A/" + "x" * 200, "posix/UTC/"]
)
def test_an_unknown_time_zone_is_refused(zone):
    with pytest.raises(ValueError, match="there is no time zone"):
        read_time_zone(zone)


@pytest.mark.parametrize("tag", ["en", "FR-ca", "zh-hant-tw"])
def test_a_language_tag_is_lower_case(tag):
    assert read_language(tag) == tag.lower()


@pytest.mark.parametrize("tag", ["e", "fr_CA", "français", "en-", "en--us", "../en"])
def test_what_is_no_language_tag_is_refused(tag):
    with pytest.raises(ValueError, match="not a language tag"):
        read_language(tag)


@pytest.mark.parametrize("slug", ["-a", "a-", "a--b", "a_b", "a/b", "é", "x" * 64, "a\u200b"])
def test_what_is_no_slug_is_refused(slug):
    with pytest.raises(ValueError, match="not a slug"):
        read_slug(slug)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("news@example.org", "", "news@example.org"),
        ("<news@example.org>", "", "news@example.org"),
        ("The Post <news@example.org>", "The Post", "news@example.org"),
        ('"Post, The \\"old\\"" <news@example.org>', 'Post, The "old"', "news@example.org"),
        ("Le Journal d’Été <news@exämple.org>", "Le Journal d’Été", "news@xn--exmple-cua.org"),
    ],
)
def test_a_sender_has_a_name_and_an_address(written, name, address):
    assert read_mailbox(written) == Mailbox(name=name, address=address)


@pytest.mark.parametrize(
    "written",
    [
        "Post <news@example.org>\r\nBcc: ada@example.org",
        "Post <news@example.org>, <ada@example.org>",
        "Post <news@example.org",
        "Post <news@>",
        "Post <@example.org>",
        "Post <ada@example.org@example.com>",
        'Post <"a b"@example.org>',
        "Post <ada@[192.0.2.1]>",
        "Post <user%example.org@example.com>",
        "Post <" + "a" * 65 + "@example.org>",
        "Post <ada@example..org>",
        "Post <ada@exam\u200bple.org>",
    ],
)
def test_what_is_no_sender_is_refused(written):
    with pytest.raises(ValueError, match=r"address|line break"):
        read_mailbox(written)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("SMTP.Example.org", "smtp.example.org"),
        ("[::1]", "::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("localhost", "localhost"),
    ],
)
def test_a_host_is_a_name_or_an_ip_address(written, host):
    assert read_host(written) == host


@pytest.mark.parametrize(
    "written", ["a b", "-a.org", "a..org", "a.org.", "https://a.org", "a.org:25", "1.2.3", "*", "a" * 64]
)
def test_what_is_no_host_is_refused(written):
    with pytest.raises(ValueError, match="not a host name"):
        read_host(written)


def test_a_domain_is_no_ip_address():
    with pytest.raises(ValueError, match="is an IP address"):
        read_domain("::1")


@pytest.mark.parametrize("written", ["127.0.0.1:0", "[::1]:65535", "localhost:8000", "0.0.0.0:80"])
def test_a_place_to_listen_is_host_and_port(written):
    assert read_bind(written) == written


@pytest.mark.parametrize("written", ["127.0.0.1", "127.0.0.1:", "a:65536", "a:-1", "a:1٢", "[::1]", "a b:80", "[x]:80"])
def test_what_is_no_place_to_listen_is_refused(written):
    with pytest.raises(ValueError, match=r"port|host"):
        read_bind(written)


def test_a_network_is_written_in_full():
    assert read_network("10.1.2.3/8") == "10.0.0.0/8"


@pytest.mark.parametrize(
    "tag", ["example.org", "example.org,", "example.org,26", "example.org,2026-02-30", "Example.org,2026"]
)
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(ValueError, match=r"is not a tag|holds no such"):
        read_tag(tag)


def test_a_marked_field_needs_no_library_until_it_is_checked():
    assert Reads(read_slug).read("harbour") == "harbour"
    assert values.kind_of(date(2026, 11, 24)) == "a date"
