"""Articles: the octets of a file to clean HTML, text and pictures. Pure: no clock, disk, network, database.

Comes in: octets and records. Goes out: `Manuscript`, HTML, plain text, `PreparedImage`. The desk
reads files with it; feeds, mail and pages get what it made.
"""

from newsletter.articles.audio import AUDIO_TYPES, PreparedAudio, audio_size_fault, prepare_audio
from newsletter.articles.direction import right_to_left
from newsletter.articles.links import absolutise, local_images
from newsletter.articles.manuscript import parse_article
from newsletter.articles.picture import PreparedImage, prepare_image
from newsletter.articles.slug import slugify
from newsletter.articles.textpart import to_text
from newsletter.articles.visible import visible_text

__all__ = [
    "AUDIO_TYPES",
    "PreparedAudio",
    "PreparedImage",
    "absolutise",
    "audio_size_fault",
    "local_images",
    "parse_article",
    "prepare_audio",
    "prepare_image",
    "right_to_left",
    "slugify",
    "to_text",
    "visible_text",
]
