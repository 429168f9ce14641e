"""A newsroom's folder in which a test stands, and the smallest configuration that loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from newsletter.config import Config, load_config
from newsletter.errors import ConfigError

MINIMAL = """\
[newsroom]
title = "The Harbour Post"
slug = "harbour-post"
tag = "news.example.org,2026-11-24"
base_url = "https://news.example.org"
language = "en"
publisher = "Harbour Press, 1 Quay Street, Exampletown"

[email]
from = "The Harbour Post <news@example.org>"
owner = "owner@example.org"

[delivery]
transport = "relay"

[transports.relay]
kind = "smtp"
host = "smtp.example.org"
"""


@pytest.fixture
def minimal() -> str:
    return MINIMAL


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder, so that messages name `config.toml` alone; the file is private."""
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text(MINIMAL, encoding="utf-8")
    Path("config.toml").chmod(0o600)
    return tmp_path


Load = Callable[..., Config]
Faults = Callable[..., list[str]]


@pytest.fixture
def load(room: Path) -> Load:
    """Load `text`, with variables and options."""

    def load_text(
        text: str = MINIMAL, environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None
    ) -> Config:
        Path("config.toml").write_text(text, encoding="utf-8")
        return load_config(Path(), environ=environ or {}, options=options)

    return load_text


@pytest.fixture
def faults(load: Load) -> Faults:
    """The lines of the ConfigError that loading raises."""

    def lines_of(*args: object, **kw: object) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*args, **kw)
        return str(caught.value).splitlines()

    return lines_of
