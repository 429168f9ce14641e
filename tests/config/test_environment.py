"""What the environment may say, and what it is told when it says something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PASSWORD = "NEWSLETTER_TRANSPORTS__RELAY__PASSWORD"


@pytest.fixture
def with_user(minimal: str) -> str:
    return f'{minimal}user = "news"\n'


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("NEWSLETTER_STORE__URL", "postgresql+psycopg:///news", lambda c: c.store.url),
        ("NEWSLETTER_NEWSROOM__BASE_URL", "https://example.com", lambda c: c.newsroom.base_url),
        ("NEWSLETTER_TRANSPORTS__RELAY__HOST", "localhost", lambda c: c.transport.host),
        ("NEWSLETTER_TRANSPORTS__RELAY__USER", "ada", lambda c: c.transport.user),
        (PASSWORD, "hunter2", lambda c: c.transport.password.reveal()),
        ("NEWSLETTER_WEB__BIND", "[::1]:80", lambda c: c.web.bind),
        ("NEWSLETTER_LOG__LEVEL", "debug", lambda c: c.log.level),
    ],
)
def test_a_deployment_may_set_it(load, with_user, variable, value, found):
    assert found(load(with_user, {variable: value})) == value


def test_a_port_from_the_environment_is_a_number(load):
    assert load(environ={"NEWSLETTER_TRANSPORTS__RELAY__PORT": "2525"}).transport.port == 2525


@pytest.mark.parametrize("port", ["２５", "25x", "99999", "-1", "999999"])
def test_a_bad_port_from_the_environment_names_its_variable(faults, port):
    (line,) = faults(environ={"NEWSLETTER_TRANSPORTS__RELAY__PORT": port})

    assert line.startswith("NEWSLETTER_TRANSPORTS__RELAY__PORT: transports.relay.port: is ")


def test_a_variable_mends_a_missing_setting(load, minimal):
    text = minimal.replace('host = "smtp.example.org"\n', "")

    config = load(text, {"NEWSLETTER_TRANSPORTS__RELAY__HOST": "localhost"})

    assert config.transport.host == "localhost"


def test_a_hyphen_in_a_name_is_an_underscore_in_its_variable(load, minimal):
    text = minimal.replace("relay", "relay-eu") + 'user = "news"\n'

    config = load(text, {"NEWSLETTER_TRANSPORTS__RELAY_EU__PASSWORD": "x"})

    assert config.transport.password.reveal() == "x"


def test_an_empty_variable_counts_as_not_set(load):
    config = load(environ={"NEWSLETTER_WEB__BIND": "", "NEWSLETTER_WEB__BIND_FILE": ""})

    assert config.origins["web.bind"] == "default"


def test_a_secret_comes_from_a_file_without_its_line_break(load, room, with_user):
    secret = room / "secret"
    secret.write_text(" pass word \n", encoding="utf-8")
    secret.chmod(0o600)

    config = load(with_user, {f"{PASSWORD}_FILE": "secret"})

    assert config.transport.password.reveal() == " pass word "
    assert config.origins["transports.relay.password"] == f"{PASSWORD}_FILE (secret)"
    assert config.warnings == ()


def test_a_secret_file_that_others_can_read_is_warned_of(load, room, with_user):
    secret = room / "secret"
    secret.write_text("hunter2", encoding="utf-8")
    secret.chmod(0o644)

    warnings = load(with_user, {f"{PASSWORD}_FILE": str(secret)}).warnings

    assert warnings == (f'{PASSWORD}_FILE: "{secret}" can be read by others on this machine. Run: chmod 600 {secret}',)


def test_a_systemd_credential_is_the_last_resort(load, room, with_user):
    folder = room / "credentials"
    folder.mkdir()
    (folder / "transports.relay.password").write_text("from systemd", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}

    found = [load(with_user, environ), load(with_user, {**environ, PASSWORD: "from variable"})]

    assert [config.transport.password.reveal() for config in found] == ["from systemd", "from variable"]
    assert found[0].origins["transports.relay.password"] == "credential transports.relay.password"
    assert found[0].warnings == ()


def test_a_variable_and_its_file_exclude_each_other(faults, with_user):
    lines = faults(with_user, {PASSWORD: "hunter2", f"{PASSWORD}_FILE": "secret"})

    assert lines == [f"{PASSWORD}: transports.relay.password: is set, and {PASSWORD}_FILE too. Keep one of them."]


@pytest.mark.parametrize("content", [None, b"", b"\n", b"x" * 65_537, b"\xff\xfe"])
def test_a_secret_file_without_a_secret_is_told_by_its_variable(faults, room, with_user, content):
    if content is not None:
        (room / "secret").write_bytes(content)

    (line,) = faults(with_user, {f"{PASSWORD}_FILE": "secret"})

    assert line.startswith(f'{PASSWORD}_FILE: transports.relay.password: "secret" ')
    assert line.endswith(("Fill it.", "Check the path and its permissions."))


def test_a_secret_pipe_is_not_waited_for(faults, room, with_user):
    os.mkfifo(room / "secret")

    (line,) = faults(with_user, {f"{PASSWORD}_FILE": "secret"})

    assert "holds no value" in line


def test_a_path_with_a_zero_byte_is_told_by_its_variable(faults, with_user):
    (line,) = faults(with_user, {f"{PASSWORD}_FILE": "a\0b"})

    assert line.startswith(f'{PASSWORD}_FILE: transports.relay.password: "a\\u0000b" cannot be read')


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        (
            "NEWSLETTER_SMTP__PASSWORD",
            f"is no setting that the environment may hold. Did you mean {PASSWORD}?",
        ),
        (
            "NEWSLETTER_STORE_URL",
            "is no setting that the environment may hold. Did you mean NEWSLETTER_STORE__URL?",
        ),
        (
            "NEWSLETTER_XXXXXX__YYYYYY",
            "is no setting that the environment may hold. Remove it, or write the setting into config.toml.",
        ),
        (
            "NEWSLETTER_NEWSROOM__TITLE",
            "is not read from the environment. Write newsroom.title into config.toml.",
        ),
        (
            "NEWSLETTER_TRANSPORTS__RELAY__TLS",
            "is not read from the environment. Write transports.relay.tls into config.toml.",
        ),
        ("newsletter_log__level", "is not read in small letters. Write NEWSLETTER_LOG__LEVEL."),
    ],
)
def test_a_variable_that_looks_like_a_setting_is_told_what_it_is(faults, variable, sentence):
    assert faults(environ={variable: "hunter2"}) == [f"{variable}: {sentence}"]


def test_variables_of_others_are_left_alone(load):
    config = load(environ={"NEWSLETTER_REQUIRE_TOOLS": "1", "PATH": "/bin", "STORE__URL": "x", "NEWSLETTER": "x"})

    assert config.warnings == ()


def test_faults_of_the_environment_stand_beside_those_of_the_file(faults, minimal):
    text = minimal.replace("owner@example.org", "owner")

    lines = faults(text, {"NEWSLETTER_WEB__BIND": "8000", "NEWSLETTER_NEWSROOM__TITLE": "x"})

    assert [line.split(": ")[0] for line in lines] == [
        "NEWSLETTER_NEWSROOM__TITLE",
        "NEWSLETTER_WEB__BIND",
        "config.toml:11",
    ]


def test_a_variable_cannot_turn_a_value_into_a_section(faults, minimal):
    lines = faults(f"store = 5\n{minimal}", {"NEWSLETTER_STORE__URL": "sqlite:///x.db"})

    assert lines == ["config.toml:1: store: must be a section. Write [store] on a line of its own, its keys below."]


def test_reading_the_environment_leaves_the_file_alone(load, room):
    before = Path("config.toml").read_bytes()

    load(environ={"NEWSLETTER_LOG__LEVEL": "debug"})

    assert Path("config.toml").read_bytes() == before
    assert [path.name for path in room.iterdir()] == ["config.toml"]
