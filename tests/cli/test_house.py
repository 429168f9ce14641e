"""`config`, `db`, `doctor`, `status`, `resume`: the house itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest


def test_config_show_says_where_each_value_comes_from(run, newsroom: Path, monkeypatch) -> None:
    monkeypatch.setenv("NEWSLETTER_WEB__BIND", "127.0.0.1:9000")
    shown = {setting["key"]: setting for setting in run("config", "show", "--json").data}

    assert set(shown["web.bind"]) == {"key", "value", "origin"}
    assert shown["web.bind"]["origin"] == "environment NEWSLETTER_WEB__BIND"
    assert shown["newsroom.title"]["origin"].startswith("config.toml:")
    assert shown["email.on_unknown"]["origin"] == "default"


def test_config_show_writes_values_as_the_file_would(run, newsroom: Path) -> None:
    lines = run("config", "show").out.splitlines()

    assert lines[0].split() == ["setting", "value", "from"]
    assert any("newsroom.languages" in line and '["en", "fr", "ar"]' in line for line in lines)


def test_config_check_is_quiet_about_a_right_one(run, newsroom: Path) -> None:
    result = run("config", "check", "--json")

    assert (result.code, result.data) == (0, {"warnings": [], "faults": []})


def test_config_check_gives_every_fault_as_json(run, newsroom: Path) -> None:
    with (newsroom / "config.toml").open("a", encoding="utf-8") as file:
        file.write("[log]\nlevel = 3\nbogus = 1\n")

    result = run("config", "check", "--json")

    assert result.code == 78
    assert [(fault["field"], bool(fault["line"])) for fault in result.data["faults"]] == [
        ("log.level", True),
        ("log.bogus", True),
    ]


def test_upgrade_of_a_new_database_and_of_one_that_is_up_to_date(run, newsroom: Path) -> None:
    (newsroom / "newsletter.db").unlink()

    first, second = (run("db", "upgrade", "--json").data for _ in range(2))

    assert (first["before"], second["before"]) == (None, second["now"])


def test_backup_is_private_whole_and_overwrites_nothing(run, published: Path) -> None:
    first = run("db", "backup", "b.zip", "--json")
    second = run("db", "backup", "b.zip")

    size = (published / "b.zip").stat().st_size
    assert first.data == {"file": "b.zip", "octets": size}
    assert (published / "b.zip").stat().st_mode & 0o077 == 0
    assert (second.code, "overwrites nothing" in second.err) == (2, True)


def test_backup_into_a_folder_that_is_not_there(run, newsroom: Path) -> None:
    result = run("db", "backup", "nowhere/b.zip")

    assert (result.code, len(result.err.splitlines())) == (74, 1)
    assert "nowhere/b.zip: the backup cannot be written (No such file or directory)" in result.err


def test_restored_newsroom_is_paused_until_a_person_agrees(run, published: Path) -> None:
    run("db", "backup", "b.zip")
    run("subscribers", "unsubscribe", "ada@example.org")
    moved = run("db", "restore", "b.zip", "--yes", "--json").data["moved_aside"]
    (published / "articles" / "new.md").write_text("---\ntitle: New\nlanguage: en\n---\nText.\n", "utf-8")

    refused = run("publish", "articles/new.md", "--yes")
    status = run("status")
    alone = run("resume")
    agreed = run("resume", "--yes", "--json")

    assert len(moved) == 2
    assert (refused.code, "newsletter resume" in refused.err) == (75, True)
    assert "paused        restored from b.zip at 20" in status.out
    assert (alone.code, "and there is nobody to ask" in alone.err) == (2, True)
    assert agreed.data["was_paused"].startswith("restored from b.zip")
    assert run("publish", "articles/new.md", "--yes").code == 0


def test_restored_database_and_what_is_moved_aside_are_private(run, published: Path) -> None:
    run("db", "backup", "b.zip")
    run("db", "restore", "b.zip", "--yes")

    assert all(path.stat().st_mode & 0o077 == 0 for path in published.glob("newsletter.*"))


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_restore_of_what_is_no_backup_changes_nothing(run, published: Path, content: bytes | None) -> None:
    if content is not None:
        (published / "b.zip").write_bytes(content)
    before = (published / "newsletter.db").read_bytes()

    result = run("db", "restore", "b.zip", "--yes")

    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert (published / "newsletter.db").read_bytes() == before


def test_status_as_json(run, published: Path) -> None:
    status = run("status", "--json").data

    assert set(status) == {
        "title", "paused", "subscribers", "articles", "editions", "changed", "unfinished", "unknown", "last_backup",
        "scheduled", "schedules", "waiting", "held_runs", "unserved", "lanes", "reports",
    }  # fmt: skip
    assert (status["subscribers"], status["editions"]) == ({"active": 3, "unsubscribed": 1}, {"sent": 1})


def test_status_names_what_waits_for_a_person(run, newsroom: Path, readers, no_relay) -> None:
    run("publish", "articles/spring.md", "--yes")

    out = run("status").out

    assert "is sending, 2 of 2 to go; newsletter editions resume " in out
    assert "last backup   never; newsletter db backup" in out


def verdicts(result) -> dict[str, str]:
    return {check["what"]: check["verdict"] for check in result.data}


def test_doctor_finds_a_new_newsroom_well(run, newsroom: Path) -> None:
    result = run("doctor", "--json")

    assert result.code == 0
    assert set(result.data[0]) == {"what", "verdict", "found", "advice"}
    assert "broken" not in verdicts(result).values()


def harm(newsroom: Path, what: str) -> None:
    if what == "configuration":
        (newsroom / "config.toml").write_text("[newsroom\n", "utf-8")
    elif what == "key file":
        (newsroom / "newsletter.key").chmod(0o644)
    elif what == "database":
        (newsroom / "newsletter.db").write_text("garbage " * 500)
    elif what == "schema":
        connection = sqlite3.connect(newsroom / "newsletter.db")
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
        connection.close()
    elif what == "folder":
        (newsroom / "feeds").rename(newsroom / "aside")
        (newsroom / "feeds").touch()


@pytest.mark.parametrize("what", ["configuration", "key file", "database", "schema", "folder"])
def test_doctor_finds_what_is_broken_and_says_how_to_mend_it(run, newsroom: Path, what: str) -> None:
    harm(newsroom, what)

    result = run("doctor", "--json")

    assert result.code == 1
    assert [check["what"] for check in result.data if check["verdict"] == "broken"] == [what]


def test_doctor_finds_a_relay_that_is_away(run, newsroom: Path, no_relay: int) -> None:
    result = run("doctor", "--json")

    assert (result.code, verdicts(result)["transport"]) == (1, "broken")


def test_doctor_warns_of_a_database_that_others_can_read(run, newsroom: Path) -> None:
    (newsroom / "newsletter.db").chmod(0o644)

    result = run("doctor")

    assert result.code == 0
    assert f"chmod 600 {newsroom}/newsletter.db" in result.out


def test_doctor_warns_of_outputs_that_are_stale(run, published: Path) -> None:
    config = published / "config.toml"
    config.write_text(config.read_text("utf-8").replace("The Harbour Post", "The Quay Post"), "utf-8")

    assert "newsletter feeds build" in run("doctor").out
