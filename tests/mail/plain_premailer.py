"""What premailer 3.10.0 does as it ships, told as JSON: the control for every cure of ours.

Run by test_inline.py in a process of its own, because the cures are process-wide.
"""

import io
import json
import logging
import sys

import cssutils
from premailer import Premailer
from premailer.cache import cache


def dress(css, body, **options):
    page = f"<html><head><style>{css}</style></head><body>{body}</body></html>"
    return Premailer(page, allow_network=False, **options).transform(pretty_print=False)


def attempt(act):
    try:
        return act()
    except (TypeError, AttributeError, ValueError, SyntaxError) as fault:
        return f"raised {type(fault).__name__}: {fault}"


asked = []
cssutils.util._defaultFetcher = asked.append
told = io.StringIO()
cssutils.log.addHandler(logging.StreamHandler(told))

OBSERVED = {
    "C1": attempt(lambda: dress("p { color: red; }", '<p style="head">y</p>')),
    "C2": attempt(lambda: dress('@import "file:///style.css"; p { color: red; }', "<p>x</p>") and asked),
    "C5": dress("@media screen { p { color: blue !important; } }", "<p>x</p>"),
    "C6": dress("@font-face { font-family: x; } @keyframes k { from { color: red; } }", "<p>x</p>"),
    "C7": dress("p { margin-top: 10px; } p { margin: 0; } p.a { margin-top: 5px; }", '<p class="a">x</p>'),
    "C9": dress('[href="#"] { color: red; } a.x.y { color: blue; }', '<a class="x y" href="#">x</a>'),
    "C10": dress('a[href^="https://"] { color: red; } * { margin: 0; }', '<a href="https://example.org">x</a>'),
    "C11": attempt(lambda: dress('[title="a,b"] { color: red; }', '<p title="a,b">x</p>')),
    "C12": dress("img { width: 100%; }", '<img width="600" src="https://example.org/a.png">'),
    "C17": dress("p { margin: 0; }", "<div>" * 300 + "x" + "</div>" * 300 + "<p>FOOTER</p>"),
    "C19": attempt(lambda: Premailer("", allow_network=False).transform()),
    "C20": Premailer("<body><b>a</b> <b>b</b></body>", allow_network=False).transform(),
    "C21": dress("p { mso-hide: all; }", "<p>x</p>") and told.getvalue(),
    "C22": cache.maxsize,
}
json.dump(OBSERVED, sys.stdout)
