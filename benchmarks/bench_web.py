"""Requests a second of `newsletter serve`, beside nginx serving the same files: python benchmarks/bench_web.py

Each server has one core, Debian's `wrk` the other; both are asked in turn, and medians of several
rounds are printed with their ratio. Needs nginx (with gzip_static), wrk and taskset.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEWSLETTER = str(Path(sys.executable).parent / "newsletter")
ARTICLES = 50
PARAGRAPH = (
    "The [tide tables](https://news.example.org/tides?a=1&b={0}) of week {0} hang at the harbour office, “as every "
    "year”, beside the ferry’s hours & the weather of the day {0}.\n\n"
)
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ text/html html; application/rss+xml xml; }}
  sendfile on; gzip_static on; gzip_vary on; open_file_cache max=1000; keepalive_requests 10000000;
  server {{ listen 127.0.0.1:{port}; root {folder}/site; location /feeds/ {{ root {folder}; }} }}
}}
"""


def newsroom(folder: Path) -> None:
    """A newsroom with a full feed, published to nobody."""
    shutil.copy(ROOT / "config.toml", folder / "config.toml")
    shutil.copytree(ROOT / "templates", folder / "templates")
    (folder / "articles").mkdir()
    for number in range(ARTICLES):
        text = f"---\ntitle: The tide tables of week {number} are out\nlanguage: en\n---\n"
        text += "".join(PARAGRAPH.format(number * 100 + each) for each in range(30))
        (folder / f"articles/{number}.md").write_text(text, encoding="utf-8")
    files = [f"articles/{number}.md" for number in range(ARTICLES)]
    command = [NEWSLETTER, "--quiet", "publish", *files, "--yes", "--feed-only"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"newsletter publish exited {done.returncode}:\n{done.stderr[-2000:]}")


@contextmanager
def running(port: int, *command: str, folder: Path) -> Iterator[int]:
    """`command` on the first core, once it answers on `port`."""
    with subprocess.Popen(["taskset", "-c", "0", *command], cwd=folder, stderr=subprocess.DEVNULL) as process:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise SystemExit(f"{command[0]} does not answer on port {port}.")
        yield port
        process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(port: int, path: str, headers: tuple[str, ...], seconds: int) -> tuple[float, float]:
    """(requests a second, milliseconds of the 99th percentile) of 16 connections kept open."""
    options = [part for header in headers for part in ("-H", header)]
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", *options]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    rate, late = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout), re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if refused or rate is None or late is None:
        raise SystemExit(f"wrk could not measure {path}:\n{done.stdout}")
    return float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]]


def etag(port: int, path: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:  # noqa: S310 - a server of our own
        return str(response.headers["ETag"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    missing = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name) is None]
    if missing:
        print(f"Not measured: {', '.join(missing)} not installed. apt-get install nginx-light wrk util-linux")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        newsroom(folder)
        ours_port, nginx_port = free_port(), free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=nginx_port), encoding="utf-8")
        bind = f"127.0.0.1:{ours_port}"
        with (
            running(ours_port, NEWSLETTER, "--quiet", "serve", "--bind", bind, folder=folder) as ours,
            running(nginx_port, "nginx", "-c", f"{folder}/nginx.conf", folder=folder) as nginx,
        ):
            compare(ours, nginx, options.rounds, options.seconds)


def compare(ours: int, nginx: int, rounds: int, seconds: int) -> None:
    feed, page, gzip = "/feeds/rss.xml", "/en/the-tide-tables-of-week-3-are-out/", "Accept-Encoding: gzip"
    print("| answer | ours, requests/s | nginx | ratio | ours p99, ms | nginx p99, ms |")
    print("|---|---:|---:|---:|---:|---:|")
    # The older tag keeps a feed out of the budget for whole fetches, as a reader's does.
    cases: list[tuple[str, str, tuple[str, ...] | None]] = [
        ("304 of a feed", feed, None),
        ("feed, gzip", feed, (gzip, 'If-None-Match: "older"')),
        ("article page, gzip", page, (gzip,)),
    ]
    for name, path, headers in cases:
        found: dict[int, list[tuple[float, float]]] = {ours: [], nginx: []}
        for _ in range(rounds):
            for port, figures in found.items():
                sent = headers or (gzip, f"If-None-Match: {etag(port, path)}")
                figures.append(asked(port, path, sent, seconds))
        rate = {port: statistics.median(each[0] for each in figures) for port, figures in found.items()}
        late = {port: statistics.median(each[1] for each in figures) for port, figures in found.items()}
        cells = (f"{rate[ours]:,.0f}", f"{rate[nginx]:,.0f}", f"{rate[ours] / rate[nginx]:.3f}")
        print(f"| {name} | {' | '.join(cells)} | {late[ours]:.2f} | {late[nginx]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
