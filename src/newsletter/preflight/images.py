"""Pictures: what is read in their place, how large they are, and from where they come."""

from __future__ import annotations

from lxml import etree

from newsletter.model import Finding, Manuscript, Masthead, Output
from newsletter.preflight.findings import error, note, warning
from newsletter.preflight.markup import addresses, shown


def check_alt_texts(root: etree._Element, *, output: Output) -> list[Finding]:
    """A warning for each image without an alternative text."""
    return [
        warning(
            "image-alt-missing",
            f"The image {_name(image)} has no alternative text.",
            advice='Say what it shows, or write alt="" if it is only decoration.',
            place=_name(image),
            output=output,
        )
        for image in root.iter("img")
        if image.get("alt") is None
    ]


def check_empty_alt_texts(root: etree._Element) -> list[Finding]:
    """A note for each image that says it is only decoration; in Markdown that is easily an oversight."""
    return [
        note(
            "image-alt-empty",
            f"The image {_name(image)} has an empty alternative text: it counts as decoration.",
            advice="Say what it shows, if it shows anything.",
            place=_name(image),
        )
        for image in root.iter("img")
        if image.get("alt") is not None and not image.get("alt", "").strip()
    ]


def check_cover(manuscript: Manuscript, *, place: str) -> list[Finding]:
    """A warning where the article's own picture has no alternative text."""
    if not manuscript.image or manuscript.image_alt.strip():
        return []
    message = f"The article's image {shown(manuscript.image)} has no alternative text."
    return [warning("image-alt-missing", message, advice="Write image_alt: what the picture shows.", place=place)]


def check_sizes(root: etree._Element) -> list[Finding]:
    """A warning for each image whose width or height is left to the mail reader."""
    return [
        warning(
            "image-size-missing",
            f"The image {_name(image)} has no width or no height.",
            advice="Write both as attributes: without them Outlook shows the file's own size.",
            place=_name(image),
            output=Output.MAIL,
        )
        for image in root.iter("img")
        if not (image.get("width") and image.get("height"))
    ]


def check_sources(root: etree._Element, *, masthead: Masthead) -> list[Finding]:
    """Errors for images that no mail reader can find; warnings and notes for those it had better not fetch."""
    found = []
    for url in addresses(root, "img", attribute="src"):
        place = shown(url)
        if not url.lower().startswith(("https://", "http://")):
            message = f"The mail's image “{place}” has no absolute address, so it cannot be shown."
            advice = "Give it an address that begins with https://."
            found.append(error("image-not-absolute", message, advice=advice, place=place, output=Output.MAIL))
        elif not url.startswith(f"{masthead.base_url}/"):
            message = f"The mail's image {place} comes from another site, which learns who reads."
            advice = "Keep the picture beside the article: it is then served by your own site."
            found.append(note("image-foreign", message, advice=advice, place=place, output=Output.MAIL))
        if url.lower().startswith("http://") and not masthead.base_url.startswith("http://"):
            message = f"The mail's image {place} is fetched without encryption; many readers do not show it."
            advice = "Use its https address."
            found.append(warning("image-http", message, advice=advice, place=place, output=Output.MAIL))
    return found


def _name(image: etree._Element) -> str:
    return shown(image.get("src", "")) or "<img>"
