"""A look before publishing: the email, the page and the feed entries of one draft, in a folder.

The bytes are those that would go out, but for two things a person at a desk needs: pictures and
stylesheet are found in the folder itself, and placeholders show sample values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from newsletter.editions.dress import Dressed
from newsletter.editions.recordings import prepared_files
from newsletter.errors import OutputError
from newsletter.model import Masthead, Variant

SAMPLES = {"TOKEN": "sample", "PREFERENCES": "sample", "ADDRESS": "ada@example.org", "NAME": "Ada"}


def preview_files(
    dressed: tuple[Dressed, ...], feeds: Mapping[str, bytes], pages: Mapping[str, bytes], masthead: Masthead
) -> dict[str, bytes]:
    """Name → bytes of a preview: `email-LANG.html`, `email-LANG.txt`, page, feed entries, pictures.

    With one variant the language is left out of the names.
    """
    files: dict[str, bytes] = dict(feeds)
    for one in dressed:
        variant = one.variant
        mark = f"-{variant.furniture}" if len(dressed) > 1 else ""
        html, text = _filled(variant.html, variant.placeholders), _filled(variant.text, variant.placeholders)
        files[f"email{mark}.html"] = html.replace(f"{masthead.base_url}/media/", "media/").encode()
        files[f"email{mark}.txt"] = f"Subject: {variant.subject}\n\n{text}".encode()
    for name, page in pages.items():
        files[name] = _beside(page.decode(), masthead).encode()
    for draft in {draft.source_path: draft for one in dressed for draft in one.drafts}.values():
        files |= prepared_files(draft.pictures)
    return files


def variant_files(variants: Sequence[Variant], site: Path, masthead: Masthead) -> dict[str, bytes]:
    """Name → bytes of frozen variants: `email-1.html`, `email-1.txt` and so on, and the pictures they show.

    Pictures are taken from the written `site`; one that is not there is shown from the web.
    """
    files: dict[str, bytes] = {}
    for number, variant in enumerate(variants, 1):
        html, text = _filled(variant.html, variant.placeholders), _filled(variant.text, variant.placeholders)
        for name in set(re.findall(rf"{re.escape(masthead.base_url)}/(media/[\w.-]+)", html)):
            if (site / name).is_file():
                files[name] = (site / name).read_bytes()
                html = html.replace(f"{masthead.base_url}/{name}", name)
        files[f"email-{number}.html"] = html.encode()
        files[f"email-{number}.txt"] = f"Subject: {variant.subject}\n\n{text}".encode()
    return files


def write_preview(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write the files into `folder` and give their paths, pictures last. Raises OutputError when it cannot."""
    written = []
    for name in sorted(files, key=lambda name: ("/" in name, name)):
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror}). Pass --into another folder.") from error
        written.append(path)
    return tuple(written)


def _filled(text: str, placeholders: Mapping[str, str]) -> str:
    for name, placeholder in placeholders.items():
        text = text.replace(placeholder, SAMPLES.get(name, name.lower()))
    return text


def _beside(page: str, masthead: Masthead) -> str:
    """The page with pictures and stylesheet in its own folder; it names them from the root, or with the host."""
    for there in (f'"{masthead.base_url}/media/', '"/media/'):
        page = page.replace(there, '"media/')
    return page.replace('"/site.css', '"site.css')
