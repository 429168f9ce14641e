"""No secret is ever printed: not by repr, str, show, an error, a warning or a traceback."""

from __future__ import annotations

import copy
import dataclasses
import logging
import traceback
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from newsletter.config import load_config
from newsletter.config.secret import MASK, Secret, mask_url
from newsletter.config.settings import Sections
from newsletter.config.show import show
from newsletter.errors import ConfigError

SECRET = "hunter2"


@pytest.fixture
def with_secrets(minimal: str) -> str:
    return f"""{minimal}user = "news"
password = "{SECRET}"
[store]
url = "postgresql+psycopg://news:{SECRET}@localhost/news?sslpassword={SECRET}"
"""


def test_a_configuration_shows_no_secret_however_it_is_printed(load, with_secrets, caplog):
    config = load(with_secrets)
    logging.getLogger("test").warning("loaded %s %r", config, config.transport)

    printed = [
        repr(config),
        str(config),
        f"{config}",
        repr(dataclasses.asdict(config.transport)),
        repr(copy.deepcopy(config)),
        *map(repr, show(config)),
        *map(str, show(config)),
        *config.warnings,
        caplog.text,
    ]

    assert config.transport.password.reveal() == SECRET
    assert SECRET in config.store.url
    assert [text for text in printed if SECRET in text] == []


def test_an_error_shows_no_secret_not_even_in_its_traceback(load, with_secrets):
    text = with_secrets.replace('slug = "harbour-post"', "slug = 5").replace('kind = "smtp"', "kind = 5")

    with pytest.raises(ConfigError) as caught:
        load(text, {"NEWSLETTER_SMTP__PASSWORD": SECRET})

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_without_our_translation_the_secret_would_be_in_the_error():
    wrong = {"kind": 5, "host": "localhost", "password": SECRET, "user": SECRET, "nonsense": SECRET}

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Sections).validate_python({"transports": {"relay": wrong}})

    assert SECRET in str(caught.value)


@pytest.mark.parametrize(
    "broken",
    [
        'password = "hunter2"\npassword = "hunter2"',
        'password = "hunter2',
        "password = hunter2",
        'password = "hunter2\\q"',
        'password = ["hunter2"]',
        'password = { a = "hunter2" }',
    ],
)
def test_a_broken_password_line_is_not_repeated(faults, minimal, broken):
    lines = faults(f'{minimal}user = "news"\n{broken}\n')

    assert SECRET not in "".join(lines)


@pytest.mark.parametrize("url", ["oracle://news:hunter2@h/d", "postgresql+psycopg://news:hun/ter2@h/d", "hunter2"])
def test_a_wrong_database_address_is_not_repeated(faults, url):
    (line,) = faults(environ={"NEWSLETTER_STORE__URL": url})

    assert line.startswith("NEWSLETTER_STORE__URL: store.url: is no")
    assert "ter2" not in line


@pytest.mark.parametrize(("mode", "is_warned"), [(0o600, False), (0o640, True), (0o644, True)])
def test_a_password_in_a_file_that_others_can_read_is_warned_of(room, with_secrets, mode, is_warned):
    path = Path("config.toml")
    path.write_text(with_secrets, encoding="utf-8")
    path.chmod(mode)

    warnings = load_config(Path(), environ={}).warnings

    assert warnings == (
        (
            "config.toml:20: transports.relay.password: others on this machine can read the password in it. "
            "Run: chmod 600 config.toml, or set NEWSLETTER_TRANSPORTS__RELAY__PASSWORD instead.",
            "config.toml:22: store.url: others on this machine can read the password in it. "
            "Run: chmod 600 config.toml, or set NEWSLETTER_STORE__URL instead.",
        )
        if is_warned
        else ()
    )


def test_a_readable_file_without_a_password_is_no_risk(room):
    Path("config.toml").chmod(0o644)

    assert load_config(Path(), environ={}).warnings == ()


def test_an_account_without_a_password_is_warned_of(load, minimal):
    assert load(f'{minimal}user = "news"\n').warnings == (
        "transports.relay.password: transports.relay.user is set, but no password. "
        "Set NEWSLETTER_TRANSPORTS__RELAY__PASSWORD.",
    )


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        ('tls = "none"', 'transports.relay.tls: mail travels unencrypted. Write "starttls" or "implicit".'),
        (
            "insecure = true",
            "transports.relay.insecure: the server's certificate is not checked. "
            "Remove the line once it has a good one.",
        ),
    ],
)
def test_an_open_connection_is_warned_of_each_time(load, minimal, more, warning):
    assert load(f"{minimal}{more}\n").warnings == (warning,)


def test_an_open_connection_to_this_machine_is_no_risk(load, minimal):
    text = minimal.replace("smtp.example.org", "127.0.0.1")

    assert load(f'{text}tls = "none"\nuser = "news"\npassword = "x"\n').warnings == ()


def test_equal_secrets_are_equal_and_masked():
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert f"{Secret('a')}" == MASK


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///newsletter.db", "sqlite:///newsletter.db"),
        ("postgresql+psycopg://news@h/d", "postgresql+psycopg://news@h/d"),
        ("postgresql+psycopg://news:pw@h/d", f"postgresql+psycopg://news:{MASK}@h/d"),
        ("postgresql+psycopg://news:p/w@x@h/d", f"postgresql+psycopg://news:{MASK}@h/d"),
        ("postgresql+psycopg://h/d?sslpassword=pw&a=b", f"postgresql+psycopg://h/d?sslpassword={MASK}&a=b"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    assert mask_url(url) == shown
