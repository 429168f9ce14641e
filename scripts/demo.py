"""`make demo`: sample readers, one published article, and where everything lies. Run again, it mails nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ARTICLE = "articles/2026-11-harbour-winter.md"
CONSENT = "Sample readers of this repository; example.org belongs to nobody"


def newsletter(*arguments: str) -> int:
    """Run one command of the newsletter in this newsroom, shown as a person would type it."""
    shown = " ".join(f"'{word}'" if " " in word else word for word in arguments)
    print(f"\n$ newsletter {shown}", flush=True)
    command = [str(Path(sys.executable).parent / "newsletter"), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  # our own program


def main() -> int:
    """Import, publish, and say where to look next."""
    code = newsletter("subscribers", "import", "docs/examples/readers.csv", "--consent", CONSENT)
    code = code or newsletter("publish", ARTICLE, "--yes")
    if code:
        return code
    emails = sorted((ROOT / "outbox" / "new").glob("*.eml"))
    print("\nfeeds   ", ROOT / "feeds" / "rss.xml")
    print("page    ", ROOT / "site" / "index.html")
    print("emails  ", ROOT / "outbox", f"({len(emails)} messages, each an .eml file)")
    print("\nNext, in this folder:")
    print("  .venv/bin/newsletter serve            # then open http://127.0.0.1:8000/dev/inbox/")
    print("                                        # and subscribe at http://127.0.0.1:8000/subscribe")
    print("  .venv/bin/newsletter why ada@example.org")
    print("  .venv/bin/newsletter publish articles/2026-11-marche-de-noel.fr.md --dry-run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
