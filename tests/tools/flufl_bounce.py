"""Fetch the reports that flufl.bounce (Apache-2.0) is tested with into tests/tools/flufl-bounce/.

Run by `make test-tools`. They stand in its source distribution alone, so that is downloaded, checked against the
hash in flufl-bounce.lock, and read without being installed.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
TARGET = HERE / "flufl-bounce"
# Not under its own name, or pytest would run it.
TABLE, TABLE_HERE = "test_detectors.py", "detectors.txt"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--no-binary", ":all:", "--require-hashes", "-r", str(HERE / "flufl-bounce.lock")]
        subprocess.run([*command, *wanted, "--dest", folder], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        unpack(archive)


def unpack(archive: Path) -> None:
    """Write the samples and the table of what they hold, by their last names only."""
    TARGET.mkdir(exist_ok=True)
    with tarfile.open(archive) as opened:
        for member in opened:
            place = PurePosixPath(member.name)
            name = TABLE_HERE if place.name == TABLE else place.name
            wanted = place.parts[1:] == ("tests", TABLE) or (place.parts[1:-1] == ("tests", "data") and ".txt" in name)
            if wanted and (content := opened.extractfile(member)) is not None:
                (TARGET / name).write_bytes(content.read())


if __name__ == "__main__":
    main()
