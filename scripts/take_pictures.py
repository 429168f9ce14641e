"""`make pictures`: publishes the sample article in a temporary newsroom and photographs what came out.

Needs Chromium. Writes docs/pictures/*.png, which the README shows.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from email import message_from_bytes, policy
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARTICLE = "articles/2026-11-harbour-winter.md"
MAX_HEIGHT = 1_400


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the site's folder without a log line for each request."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def publish(folder: Path, base_url: str) -> Path:
    """A newsroom like this one in `folder`, with the sample article published to Ada; gives her email."""
    for name in ("config.toml", "articles", "templates"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(".uids.toml"))
        else:
            shutil.copy(source, folder / name)
    environment = {**os.environ, "NEWSLETTER_NEWSROOM__BASE_URL": base_url}
    command = str(Path(sys.executable).parent / "newsletter")
    for arguments in (
        ["subscribers", "add", "ada@example.org", "--consent", "sample"],
        ["publish", ARTICLE, "articles/2026-11-winter-light.ar.md", "--each", "--yes"],
    ):
        subprocess.run([command, *arguments], cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603
    emails = [path for path in (folder / "outbox" / "new").iterdir() if b"Content-Language: en" in path.read_bytes()]
    return emails[0]


def photograph(browser: Browser, url: str, name: str, *, width: int, scheme: str) -> None:
    """One picture of `url`, as wide as `width` CSS pixels, in light or dark."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, device_scale_factor=1.5
    )
    page = context.new_page()
    page.goto(url, wait_until="load")
    height = min(MAX_HEIGHT, int(page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=PICTURES / name)
    context.close()
    print(PICTURES / name)


def main() -> None:
    """Serve a temporary newsroom on a free port of this machine, and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "site").mkdir()
        handler = functools.partial(Quiet, directory=str(folder / "site"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            base_url = f"http://127.0.0.1:{server.server_port}"
            email = message_from_bytes(publish(folder, base_url).read_bytes(), policy=policy.default)
            body = email.get_body(("html",))
            if body is None:
                raise SystemExit("the sample email has no HTML part")
            (folder / "site" / "email.html").write_text(body.get_content(), encoding="utf-8")
            page = next((folder / "site" / "en").glob("*/index.html")).parent.name
            with sync_playwright() as tools:
                browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
                photograph(browser, f"{base_url}/email.html", "email-light.png", width=600, scheme="light")
                photograph(browser, f"{base_url}/email.html", "email-dark.png", width=600, scheme="dark")
                photograph(browser, f"{base_url}/email.html", "email-phone-dark.png", width=320, scheme="dark")
                photograph(browser, f"{base_url}/en/{page}/", "page.png", width=900, scheme="light")
                photograph(browser, f"{base_url}/ar/", "page-arabic-dark.png", width=900, scheme="dark")
                browser.close()
            server.shutdown()


if __name__ == "__main__":
    main()
