"""Every limit of this room, each checked before a parser sees the octets.

Sizes are octets, lengths characters. The figures behind the counts were measured on a 2-core
machine: whatever passes them is read within a few seconds.
"""

from __future__ import annotations

MAX_SOURCE_BYTES = 1_000_000
MAX_FRONT_MATTER_CHARS = 16_000
MAX_FRONT_MATTER_DEPTH = 8
MAX_NAME_CHARS = 255
MAX_SUMMARY_CHARS = 280
MAX_SLUG_CHARS = 80

# lxml drops text below about 250 levels and markdown-it below its own bound, both in silence, and
# the theme adds levels of its own: 64 keeps well away from either.
MAX_NESTING = 64

# nh3 needs time with the square of open blocks and of one tag's attributes, and memory with open
# formatting elements times elements: 2,000 unclosed <b> before 2,000 paragraphs become 78 MB of HTML.
MAX_ELEMENTS = 20_000
MAX_REOPENED = 40_000
MAX_TAG_PARTS = 10_000

# 250,000 list items or emphases of one letter keep markdown-it busy for 12 seconds.
MAX_LINES = 30_000
MAX_MARKS = 100_000
MAX_REFERENCES = 200_000
MAX_RENDERED_CHARS = 4_000_000

# markdown-it looks from each "[" for its "]" up to the end of the paragraph: 50,000 of them take
# 6 seconds, and the time grows with the square.
MAX_OPEN_BRACKETS = 1_000
MAX_BRACKET_STEPS = 500_000_000

MAX_IMAGE_BYTES = 10_000_000
MAX_IMAGE_PIXELS = 40_000_000
MAX_IMAGE_SIDE = 30_000
MAX_IMAGE_FRAMES = 500
MAX_IMAGE_WIDTH = 1_200

# An hour and three quarters at 128 kbit/s. It is read into memory to be written; longer ones lie at a host for
# podcasts, and are named by their address.
MAX_AUDIO_BYTES = 100_000_000

# Fewer letters than this do not tell a language for certain.
MIN_LETTERS_TO_DETECT = 80
MIN_SHARE_TO_DETECT = 0.95
