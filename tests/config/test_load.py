"""What loads, what it means, and which source wins."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from newsletter.config import load_config
from newsletter.config.settings import OnUnknown, Tls, TransportKind
from newsletter.model import Mailbox, Topic

REPOSITORY = Path(__file__).parents[2]


def test_the_sample_newsroom_loads_without_faults_or_warnings():
    config = load_config(REPOSITORY, environ={})

    masthead = config.masthead()

    assert config.warnings == ()
    assert config.transport.kind is TransportKind.MAILDIR
    assert config.transport.path == REPOSITORY / "outbox"
    assert masthead.title == "The Harbour Post"
    assert masthead.base_url == "https://news.example.org"
    assert masthead.list_id == "harbour-post.news.example.org"
    assert masthead.languages == ("en", "fr", "ar")
    assert masthead.fallback == {"ar": ("fr", "en")}
    assert [topic.slug for topic in masthead.topics] == ["diplomacy", "harbour", "culture"]
    assert all(set(topic.names) == {"en", "fr", "ar"} for topic in masthead.topics)


def test_the_smallest_configuration_gets_its_defaults(load):
    config = load()

    assert config.newsroom.languages == ("en",)
    assert config.newsroom.time_zone == "UTC"
    assert config.email.sender == Mailbox(name="The Harbour Post", address="news@example.org")
    assert config.email.bounce_domain == "example.org"
    assert config.email.on_unknown is OnUnknown.HOLD
    assert (config.email.grace, config.email.hold) == (timedelta(hours=6), timedelta())
    assert (config.feeds.entries, config.feeds.max_bytes) == (50, 512_000)
    assert (config.web.host, config.web.port) == ("127.0.0.1", 8000)
    assert config.transport.name == "relay"


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_the_port_follows_the_encryption(load, minimal, tls, port):
    config = load(f'{minimal}tls = "{tls}"\n')

    assert config.transport.tls is Tls(tls)
    assert config.transport.port == port


def test_topics_reach_the_masthead_in_the_order_of_the_file(load, minimal):
    topics = '[topics.sea]\nnames = { EN = "Sea" }\naliases = ["Ocean"]\n[topics.art]\n'

    masthead = load(minimal + topics).masthead()

    assert masthead.topics == (Topic(slug="sea", names={"en": "Sea"}, aliases=("Ocean",)), Topic(slug="art"))


def test_a_slash_at_the_end_of_the_base_url_and_its_default_port_are_dropped(load, minimal):
    config = load(minimal.replace("https://news.example.org", "https://NEWS.example.org:443/"))

    assert config.newsroom.base_url == "https://news.example.org"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_http_is_good_enough_on_this_machine(load, minimal, host):
    config = load(minimal.replace("https://news.example.org", f"http://{host}:8000"))

    assert config.newsroom.base_url == f"http://{host}:8000"
    assert "[" not in config.masthead().list_id


def test_relative_places_start_at_the_newsroom(load, minimal, room):
    text = minimal.replace('kind = "smtp"\nhost = "smtp.example.org"', 'kind = "maildir"\npath = "mail/out"')

    config = load(text)

    assert config.folder == room
    assert config.transport.path == room / "mail" / "out"
    assert config.store.url == f"sqlite:///{room}/newsletter.db"


def test_sqlalchemy_opens_the_database_beside_the_file_whatever_the_folder_is_called(tmp_path, minimal):
    folder = tmp_path / "50%20 of é?"
    folder.mkdir()
    (folder / "config.toml").write_text(minimal, encoding="utf-8")

    config = load_config(folder, environ={})

    assert make_url(config.store.url).database == f"{folder}/newsletter.db"


def test_postgresql_addresses_are_taken_as_they_are(load, minimal):
    url = "postgresql+psycopg://news@localhost/news"

    assert load(f'{minimal}[store]\nurl = "{url}"\n').store.url == url


def test_option_beats_environment_beats_file_beats_default(load, minimal):
    text = minimal + '[web]\nbind = "127.0.0.1:1"\n'
    environ = {"NEWSLETTER_WEB__BIND": "127.0.0.1:2"}
    options = {"web.bind": "127.0.0.1:3"}

    found = [load(text, environ, options), load(text, environ), load(text), load()]

    assert [config.web.port for config in found] == [3, 2, 1, 8000]
    assert [config.origins["web.bind"] for config in found] == [
        "option",
        "environment NEWSLETTER_WEB__BIND",
        "config.toml:20",
        "default",
    ]


def test_a_windows_editor_may_have_saved_the_file(room, minimal):
    Path("config.toml").write_bytes(b"\xef\xbb\xbf" + minimal.replace("\n", "\r\n").encode())

    config = load_config(Path(), environ={})

    assert config.origins["email.owner"] == "config.toml:11"


def test_loading_twice_gives_the_same(load):
    assert load() == load()


def test_the_configuration_cannot_be_changed(load):
    config = load()

    with pytest.raises(dataclasses.FrozenInstanceError):
        config.newsroom.title = "Another"


def test_importing_the_package_imports_nothing_heavy():
    code = "import newsletter.config, sys, json; print(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    heavy = {"pydantic", "pydantic_core", "email_validator", "sqlalchemy", "asyncio"}

    assert not heavy & set(json.loads(printed))
