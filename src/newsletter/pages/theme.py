"""The theme's page templates, compiled once: template text and values in, HTML bytes out.

Templates belong to the owner, values may come from anybody: the sandbox keeps a template from
reaching into the program, autoescape keeps a value from becoming markup, and StrictUndefined turns a
misspelt name into a sentence instead of a hole in the page.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import ConfigError, Fault

STYLESHEET = "pages/site.css"
FORMS_STYLESHEET = "pages/forms.css"


def stylesheet(templates: Mapping[str, str]) -> bytes:
    """The one stylesheet of the site, as `site.css` is written: the pages' and, where the theme has one, the forms'.

    Raises ConfigError when the theme has none.
    """
    if STYLESHEET not in templates:
        raise ConfigError([_missing(STYLESHEET)])
    return "\n".join(templates[name] for name in (STYLESHEET, FORMS_STYLESHEET) if name in templates).encode()


def stylesheet_link(templates: Mapping[str, str], home: str) -> str:
    """The stylesheet's path with a mark of its content, so that a browser's copy is never stale."""
    mark = hashlib.sha256(stylesheet(templates)).hexdigest()[:10]
    return f"{home}site.css?v={mark}"


def render(templates: Mapping[str, str], name: str, values: Mapping[str, object]) -> bytes:
    """The template `name` filled with `values`, as UTF-8.

    Raises ConfigError with the template's file and line when it cannot be used.
    """
    pages = tuple(sorted((key, text) for key, text in templates.items() if key.startswith("pages/")))
    try:
        return _environment(pages).get_template(name).render(values).encode()
    except TemplateNotFound as error:
        raise ConfigError([_missing(error.name if isinstance(error.name, str) else name)]) from error
    except TemplateError as error:
        raise ConfigError([_fault(error, name)]) from error


@lru_cache(maxsize=4)
def _environment(pages: tuple[tuple[str, str], ...]) -> ImmutableSandboxedEnvironment:
    """Compiled templates, kept for as long as their text is the same: compiling takes 40 ms, a page 1 ms."""
    texts = dict(pages)

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (texts[name], f"templates/{name}", lambda: True) if name in texts else None

    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _missing(name: str) -> Fault:
    return Fault(
        path=f"templates/{name}", message="the theme does not have this file. Copy it from the theme that came with it."
    )


def _fault(error: TemplateError, name: str) -> Fault:
    reason = (error.message or type(error).__name__).rstrip(".")
    if isinstance(error, TemplateSyntaxError):
        return Fault(
            path=error.filename or f"templates/{name}", line=error.lineno, message=f"{reason}. Correct the template."
        )
    # Jinja rewrites the traceback so that its frames name the template and the line of the template.
    places = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("templates/pages/")
    ]
    if not places:
        return Fault(path=f"templates/{name}", message=f"{reason}. Correct the template.")
    return Fault(path=places[-1].filename, line=places[-1].lineno, message=f"{reason}. Correct the template.")
