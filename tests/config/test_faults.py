"""Every sentence a person can get about config.toml: bad file in, exact line out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from newsletter.config import load_config
from newsletter.config.validation import MAX_FAULTS
from newsletter.errors import ConfigError

A_SLUG = "is not a slug. Use at most 63 letters a-z, digits and single hyphens, as in harbour-post."
A_TAG = "Write a host you own and a day on which you owned it, as in news.example.org,2026-11-24."
A_BASE = "Write scheme and host alone, as in https://news.example.org."
NO_LANGUAGE = "which is not among the languages. Add it to newsroom.languages."
NO_CONTROL = "holds a line break or a control character"
UNREACHABLE = "is not an email address that mail can reach. Write name@example.org."

# A line of the smallest configuration, what stands there instead, and what is said of it.
REPLACED = [
    (
        'title = "The Harbour Post"',
        "title = 5",
        "2: newsroom.title: is a whole number, not text. Put it in double quotes.",
    ),
    ('title = "The Harbour Post"', 'title = " "', "2: newsroom.title: is empty. Write something, or remove the line."),
    (
        'title = "The Harbour Post"',
        r'title = "Post\r\nBcc: ada@example.org"',
        f"2: newsroom.title: {NO_CONTROL} (U+000D). Write it on one line.",
    ),
    (
        'title = "The Harbour Post"',
        f'title = "{"x" * 256}"',
        "2: newsroom.title: has 256 characters. Shorten it to 255.",
    ),
    ('slug = "harbour-post"', 'slug = "Harbour Post"', f'3: newsroom.slug: "Harbour Post" {A_SLUG}'),
    (
        "news.example.org,2026-11-24",
        "news.example.org",
        f'4: newsroom.tag: "news.example.org" is not a tag (RFC 4151). {A_TAG}',
    ),
    (
        "news.example.org,2026-11-24",
        "news.example.org,2026-13-01",
        f'4: newsroom.tag: "news.example.org,2026-13-01" holds no such host or day. {A_TAG}',
    ),
    (
        "https://news.example.org",
        "news.example.org",
        f'5: newsroom.base_url: "news.example.org" does not begin with https:// and a host. {A_BASE}',
    ),
    (
        "https://news.example.org",
        "http://news.example.org",
        '5: newsroom.base_url: "http://news.example.org" is not encrypted. Write https://news.example.org; '
        "http is for localhost alone.",
    ),
    (
        "https://news.example.org",
        "https://example.org/news",
        '5: newsroom.base_url: "https://example.org/news" has more than a host: the newsletter owns the whole site. '
        f"{A_BASE}",
    ),
    ("https://news.example.org", "https://ada:pw@example.org", f"5: newsroom.base_url: holds a user name. {A_BASE}"),
    ("https://news.example.org", "https://[example.org", f"5: newsroom.base_url: is not an address. {A_BASE}"),
    (
        "https://news.example.org",
        "https://journal-é.example.org",
        '5: newsroom.base_url: "journal-é.example.org" has letters beyond ASCII. Write the host\'s xn-- form.',
    ),
    (
        'language = "en"',
        'language = "english"',
        '6: newsroom.language: "english" is not a language tag. Write a tag such as en, fr, ar or pt-br.',
    ),
    (
        "[email]",
        'time_zone = "Paris"\n[email]',
        '9: newsroom.time_zone: there is no time zone "Paris". Write Region/City, such as Europe/Paris, or UTC.',
    ),
    (
        "[email]",
        'languages = ["fr"]\n[email]',
        '9: newsroom.languages: does not hold "en", the newsroom\'s language. Add it.',
    ),
    (
        "[email]",
        'languages = "en"\n[email]',
        "9: newsroom.languages: is text, not a list. Put it in square brackets.",
    ),
    (
        "[email]",
        'languages = ["en", "EN"]\n[email]',
        '9: newsroom.languages: names "en" twice. Remove one.',
    ),
    ("[email]", 'fallback = { en = ["fr"] }\n[email]', f'9: newsroom.fallback: names "fr", {NO_LANGUAGE}'),
    (
        "[email]",
        "fallback = []\n[email]",
        "9: newsroom.fallback: is a list, not a table. Put it in curly brackets, as { en = … }.",
    ),
    ("The Harbour Post <news@example.org>", "The Harbour Post", f'10: email.from: "The Harbour Post" {UNREACHABLE}'),
    (
        "The Harbour Post <news@example.org>",
        "News <>",
        '10: email.from: "News <>" holds no address. Write Name <name@example.org>.',
    ),
    (
        "The Harbour Post <news@example.org>",
        "News <a@example.org> <b@example.org>",
        '10: email.from: "News <a@example.org> <b@example.org>" holds no address. Write Name <name@example.org>.',
    ),
    ("owner@example.org", "a%b@example.org", f'11: email.owner: "a%b@example.org" {UNREACHABLE}'),
    (
        "[delivery]",
        'grace = "6 hours"\n[delivery]',
        '13: email.grace: "6 hours" is not a duration. Write numbers and units: "6h", "1h30m", "2d" or "0s".',
    ),
    (
        "[delivery]",
        "grace = 6\n[delivery]",
        '13: email.grace: is a whole number. Write a number and a unit in quotes: "6h", "30m" or "0s".',
    ),
    (
        "[delivery]",
        'hold = "9999999999d"\n[delivery]',
        '13: email.hold: "9999999999d" is longer than a year. Write a shorter time.',
    ),
    (
        "[delivery]",
        'on_unknown = "retry"\n[delivery]',
        '13: email.on_unknown: cannot be "retry". Write "hold" or "resend".',
    ),
    (
        "[delivery]",
        'bounce_domain = "192.0.2.1"\n[delivery]',
        '13: email.bounce_domain: "192.0.2.1" is an IP address. Write a domain such as example.org.',
    ),
    (
        "[delivery]",
        'sender = "news@example.org"\n[delivery]',
        "13: email.sender: there is no such setting. Known here: "
        "from, owner, reply_to, bounce_domain, on_unknown, grace, hold.",
    ),
    (
        'transport = "relay"',
        'transport = "relais"',
        "14: delivery.transport: there is no section [transports.relais]. Did you mean relay?",
    ),
    (
        'transport = "relay"',
        'transport = "outbox"',
        "14: delivery.transport: there is no section [transports.outbox]. Write the name of one that is there.",
    ),
    (
        'transport = "relay"',
        'transport = ["relay", "relais"]',
        "14: delivery.transport: there is no section [transports.relais]. Did you mean relay?",
    ),
    ('transport = "relay"', "transport = []", "14: delivery.transport: names no transport. Write at least one."),
    (
        'transport = "relay"',
        'transport = ["relay", "relay"]',
        '14: delivery.transport: names "relay" twice. Remove one.',
    ),
    (
        'transport = "relay"',
        "transport = 5",
        '14: delivery.transport: is a whole number. Write a name in quotes, or several: ["relay", "spare"].',
    ),
    (
        'transport = "relay"',
        'transport = "relay"\nhours = "8 to 20"',
        '15: delivery.hours: "8 to 20" are no hours. Write two clock times: "08:00-20:00".',
    ),
    (
        'transport = "relay"',
        'transport = "relay"\nhours = "08:00-08:00"',
        '15: delivery.hours: "08:00-08:00" is no time at all. Write two times, or remove the line for the whole day.',
    ),
    (
        'transport = "relay"',
        'transport = "relay"\nper_domain = 0',
        "15: delivery.per_domain: is out of range. Write a number from 1 to 1_000.",
    ),
    (
        'kind = "smtp"',
        'kind = "post"',
        '17: transports.relay.kind: cannot be "post". Write "maildir" or "smtp" or "ses" or "mailgun" or "postmark".',
    ),
    (
        'host = "smtp.example.org"',
        "",
        '16: transports.relay.host: is missing. Write under [transports.relay]: host = "smtp.example.org"',
    ),
    (
        'host = "smtp.example.org"',
        'host = "smtp_example"',
        '18: transports.relay.host: "smtp_example" is not a host name. Write a name such as smtp.example.org.',
    ),
    (
        'host = "smtp.example.org"',
        'host = "999.0.0.1"',
        '18: transports.relay.host: "999.0.0.1" is not a host name. Write a name such as smtp.example.org.',
    ),
]

# What stands below the smallest configuration, from line 19 on, and what is said of it.
APPENDED = [
    ("port = 0", "19: transports.relay.port: is out of range. Write a number from 1 to 65_535."),
    (
        'port = "587"',
        "19: transports.relay.port: is text. Write a whole number from 1 to 65_535, without quotes.",
    ),
    (
        "port = true",
        "19: transports.relay.port: is true or false. Write a whole number from 1 to 65_535, without quotes.",
    ),
    ('data_timeout = "0s"', "19: transports.relay.data_timeout: is no time at all. Write 1s or more."),
    ('insecure = "yes"', "19: transports.relay.insecure: is text. Write true or false, without quotes."),
    ('path = "outbox"', "19: transports.relay.path: belongs to transports of kind maildir. Remove the line."),
    ('password = "x"', "19: transports.relay.password: is set without a user. Write user as well."),
    (
        'user = "news"\npassword = ""',
        "20: transports.relay.password: is empty. Write something, or remove the line.",
    ),
    (
        'user = "news"\ntls = "none"',
        '20: transports.relay.tls: would send the password unencrypted. Write "starttls" or "implicit".',
    ),
    (
        'name = "other"',
        "19: transports.relay.name: there is no such setting. Known here: kind, path, host, port, tls, user, password, "
        "region, domain, stream, connections, messages_per_connection, chunking, limits, warm_up, connect_timeout, "
        "command_timeout, data_timeout, insecure.",
    ),
    (
        'limits = ["14 a second"]',
        '19: transports.relay.limits: item 1 "14 a second" is not a limit. '
        'Write a number and a unit: "14/second", "50000/day".',
    ),
    (
        "limits = [14]",
        '19: transports.relay.limits: item 1 is a whole number. Write a number and a unit in quotes: "14/second".',
    ),
    (
        'limits = ["0/second"]',
        '19: transports.relay.limits: item 1 "0/second" is out of range. Write a number from 1 to 1_000_000_000.',
    ),
    (
        'limits = ["14/second", "14 / second"]',
        '19: transports.relay.limits: names "14/second" twice. Remove one.',
    ),
    (
        'warm_up = "soon"',
        '19: transports.relay.warm_up: "soon" is not a day. Write it as YYYY-MM-DD, as in 2026-11-24.',
    ),
    (
        "warm_up = 2026-11-24T08:00:00Z",
        "19: transports.relay.warm_up: is a date with a time. Write a day: 2026-11-24.",
    ),
    (
        '[transports.b]\nkind = "maildir"\npath = "outbox"\nwarm_up = 2026-11-24',
        "22: transports.b.warm_up: belongs to transports of kind smtp, ses, mailgun, postmark. Remove the line.",
    ),
    ('region = "eu-west-1"', "19: transports.relay.region: belongs to transports of kind ses. Remove the line."),
    (
        '[transports.b]\nkind = "ses"\nuser = "AKIAEXAMPLE"',
        '19: transports.b.region: is missing. Write under [transports.b]: region = "eu-west-1"',
    ),
    (
        '[transports.b]\nkind = "ses"\nregion = "eu-west-1"',
        '19: transports.b.user: is missing. Write under [transports.b]: user = "AKIAEXAMPLE"',
    ),
    (
        '[transports.b]\nkind = "mailgun"',
        '19: transports.b.domain: is missing. Write under [transports.b]: domain = "mg.example.org"',
    ),
    (
        '[transports.b]\nkind = "mailgun"\ndomain = "192.0.2.1"',
        '21: transports.b.domain: "192.0.2.1" is an IP address. Write a domain such as example.org.',
    ),
    (
        '[transports.b]\nkind = "postmark"\ninsecure = true',
        "21: transports.b.insecure: belongs to transports of kind smtp. Remove the line.",
    ),
    ("connection = 4", "19: transports.relay.connection: there is no such setting. Did you mean connections?"),
    (
        '[transports.b]\nkind = "maildir"',
        '19: transports.b.path: is missing. Write under [transports.b]: path = "outbox"',
    ),
    (
        '[transports.b]\nkind = "maildir"\npath = "x/../site/mail"',
        '21: transports.b.path: "x/../site/mail" is read or served as something else. '
        "Write a folder of its own, such as outbox.",
    ),
    (
        'user = "news"\ntls = " none "',
        '20: transports.relay.tls: would send the password unencrypted. Write "starttls" or "implicit".',
    ),
    (
        '[transports.b]\nkind = "maildir"\npath = "~/mail"',
        '21: transports.b.path: "~/mail" begins with ~, which only a shell understands. Write the whole path.',
    ),
    (
        '[transports.b]\nkind = "maildir"\npath = "outbox"\nhost = "localhost"',
        "22: transports.b.host: belongs to transports of kind smtp, ses, mailgun, postmark. Remove the line.",
    ),
    ('[transports."B C"]\nkind = "smtp"\nhost = "localhost"', f'19: transports."B C": "B C" {A_SLUG}'),
    ("[feeds]\nentries = 0", "20: feeds.entries: is out of range. Write a number from 1 to 1_000."),
    ("[feeds]\nentries = 1.5", "20: feeds.entries: is a number. Write a whole number from 1 to 1_000, without quotes."),
    (
        "[feeds]\nentries = 2026-11-24",
        "20: feeds.entries: is a date. Write a whole number from 1 to 1_000, without quotes.",
    ),
    ('[topics.art]\nnames = { de = "Kunst" }', f'20: topics.art.names: names "de", {NO_LANGUAGE}'),
    (
        "[topics.art]\nnames = { en = 5 }",
        '20: topics.art.names: at "en": is a whole number, not text. Put it in double quotes.',
    ),
    (
        '[topics.art]\nnames = { en = "Art", EN = "Arts" }',
        '20: topics.art.names: names "en" twice. Remove one.',
    ),
    (
        "[topics.art]\naliases = [5]",
        "20: topics.art.aliases: item 1 is a whole number, not text. Put it in double quotes.",
    ),
    (
        '[topics.art]\n[topics.culture]\naliases = ["ART"]',
        '20: topics.culture: "ART" already means the topic "art". Keep it in one of them.',
    ),
    (
        '[store]\nurl = "sqlite://"',
        "20: store.url: must name a file on disk, or the ledger would be lost. Write sqlite:///newsletter.db.",
    ),
    (
        '[store]\nurl = "postgres://news:hunter2@localhost/news"',
        "20: store.url: is not complete. Write postgresql+psycopg://user@host/database.",
    ),
    (
        '[store]\nurl = "mysql://news:hunter2@localhost/news"',
        "20: store.url: is no database this program knows. "
        "Write sqlite:///newsletter.db or postgresql+psycopg://user@host/database.",
    ),
    ('[web]\nbind = "8000"', '20: web.bind: "8000" has no port. Write host and port, as in 127.0.0.1:8000.'),
    (
        '[web]\nbind = ":8000"',
        '20: web.bind: ":8000" has no host. Write host and port, as in 127.0.0.1:8000. 0.0.0.0 listens everywhere.',
    ),
    (
        '[web]\nbind = "::1:8000"',
        '20: web.bind: "::1:8000" needs square brackets around the address, as in [::1]:8000.',
    ),
    (
        '[web]\nhosts = ["*"]',
        '20: web.hosts: item 1 "*" is not a host name. Write a name such as smtp.example.org.',
    ),
    (
        '[web]\ntrusted_proxies = ["all"]',
        '20: web.trusted_proxies: item 1 "all" is not an IP address or network. Write 127.0.0.1 or 10.0.0.0/8.',
    ),
    ('[log]\nlevel = "loud"', '20: log.level: cannot be "loud". Write "debug" or "info" or "warning" or "error".'),
    ("[weblog]", "19: weblog: there is no such setting. Did you mean web?"),
    ('[web]\nowner = "x"', "20: web.owner: does not belong here. Move it to email.owner."),
    (
        '["\\u001b[2J"]',
        '19: "\\u001b[2J": there is no such setting. '
        "Known here: newsroom, email, delivery, transports, dkim, dns, bounces, hooks, "
        "feeds, topics, schedules, store, readers, web, log.",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), REPLACED)
def test_a_wrong_value_gets_its_line_and_a_sentence(faults, minimal, old, new, expected):
    assert minimal.count(old) >= 1

    assert faults(minimal.replace(old, new, 1)) == [f"config.toml:{expected}"]


@pytest.mark.parametrize(("more", "expected"), APPENDED)
def test_a_wrong_setting_below_gets_its_line_and_a_sentence(faults, minimal, more, expected):
    assert faults(f"{minimal}{more}\n") == [f"config.toml:{expected}"]


def test_every_fault_of_a_file_is_told_at_once_in_the_order_of_its_lines(faults, minimal):
    text = minimal.replace('"en"', '"english"').replace("owner@example.org", "owner").replace('"smtp"', '"post"')

    lines = faults(f"{text}[topics.culture]\nnames = 3\n[nonsense]\n")

    assert [line.split(": ")[:2] for line in lines] == [
        ["config.toml:6", "newsroom.language"],
        ["config.toml:11", "email.owner"],
        ["config.toml:17", "transports.relay.kind"],
        ["config.toml:20", "topics.culture.names"],
        ["config.toml:21", "nonsense"],
    ]


def test_an_empty_file_is_told_what_it_needs(faults):
    assert faults("") == [
        "config.toml: newsroom: the section is missing. "
        "Write [newsroom] with title and slug and tag and base_url and language and publisher.",
        "config.toml: email: the section is missing. Write [email] with from and owner.",
        "config.toml: delivery: the section is missing. Write [delivery] with transport.",
        "config.toml: transports: is missing. "
        'Write a section [transports.outbox] with kind = "maildir" and path = "outbox".',
    ]


def test_a_choice_among_no_transports_is_told(faults, minimal):
    text = minimal[: minimal.index("[transports.relay]")]

    assert faults(f"{text}[transports]\n") == [
        "config.toml:14: delivery.transport: there is no section [transports.relay]. "
        "Write the name of one that is there."
    ]


def test_a_missing_setting_is_told_at_its_section(faults, minimal):
    assert faults(minimal.replace('owner = "owner@example.org"\n', "")) == [
        'config.toml:9: email.owner: is missing. Write under [email]: owner = "owner@example.org"'
    ]


@pytest.mark.parametrize("wrong", ['email = "x"', "email = []", "email = 3"])
def test_a_section_written_as_a_value_is_told_how(faults, minimal, wrong):
    start = minimal.index("[email]")
    text = f"{wrong}\n{minimal[:start]}{minimal[minimal.index('[delivery]') :]}"

    assert faults(text) == [
        "config.toml:1: email: must be a section. Write [email] on a line of its own, its keys below."
    ]


def test_a_tag_with_a_year_alone_is_one_by_rfc_4151(load, minimal):
    assert load(minimal.replace(",2026-11-24", ",2026")).newsroom.tag == "news.example.org,2026"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[newsroom]\ntitle = The Harbour Post\n",
            "config.toml:2: is not TOML at column 9: invalid value. Text stands in double quotes, each key once.",
        ),
        (
            "[newsroom]\ntitle = 1\ntitle = 2\n",
            "config.toml:3: is not TOML at column 10: cannot overwrite a value. "
            "Text stands in double quotes, each key once.",
        ),
        ("a = " + "[" * 100_000, "config.toml: brackets are nested too deep. Write it flatter."),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(faults, text, expected):
    assert faults(text) == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b'[newsroom]\ntitle = "\xc9t\xe9"\n', "config.toml:2: is not UTF-8. Save it as UTF-8 in your editor."),
        (b"#" * 1_000_001, "config.toml: is larger than 1,000,000 octets, so it is not read. Is it the right file?"),
    ],
)
def test_bytes_that_are_no_settings_are_refused(room, source, expected):
    Path("config.toml").write_bytes(source)

    with pytest.raises(ConfigError) as caught:
        load_config(Path(), environ={})

    assert str(caught.value) == expected


def test_a_file_of_a_million_octets_is_still_read(load, minimal):
    assert load(minimal + "#" * (1_000_000 - len(minimal))).newsroom.slug == "harbour-post"


def test_a_folder_without_a_newsroom_is_told_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "nowhere", environ={})

    assert str(caught.value) == (
        f"{tmp_path}/nowhere/config.toml: there is no such file, so this is no newsroom. "
        "Go to its folder, or make one: newsletter init DIR"
    )


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.toml")

    with pytest.raises(ConfigError, match=r"is not a file\. Put the settings into a file"):
        load_config(tmp_path, environ={})


def test_a_file_of_thousands_of_unknown_keys_ends_soon_and_says_so(faults):
    lines = faults("".join(f"k{number} = 1\n" for number in range(10_000)))

    assert len(lines) == MAX_FAULTS + 1
    assert lines[-1] == "config.toml: there is more wrong than these 100 things. Is it the right file?"


def test_a_key_of_a_thousand_names_is_one_unknown_setting(faults, minimal):
    deep = ".".join(["a"] * 1_000)

    assert faults(f"{deep} = 1\n{minimal}") == [
        "config.toml:1: a: there is no such setting. "
        "Known here: newsroom, email, delivery, transports, dkim, dns, bounces, hooks, "
        "feeds, topics, schedules, store, readers, web, log."
    ]
