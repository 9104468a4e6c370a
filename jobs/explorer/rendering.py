"""Pages from templates: whatever comes from the data is text, visible and bounded; numbers have units, dates their age."""

from datetime import date
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from jobs.answers.text import cut, listing, percent, safe

_FOLDER = Path(__file__).parent / "templates"
_LONGEST = 4_000
"""Characters of a text: of a description all, of a hostile one a screenful."""
_LONGEST_NAME = 160
_UNITS = ("B", "kB", "MB", "GB", "TB")


def environment() -> jinja2.Environment:
    """The templates, with words for what pages show."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters |= {
        "count": count,
        "share": percent,
        "figure": figure,
        "age": age,
        "seconds": seconds,
        "size": size,
        "name": name,
        "code": code,
        "listing": listing,
    }
    return made


def render(
    request: Request, templates: jinja2.Environment, template: str, status: int = 200, **told: Any
) -> HTMLResponse:
    """A page.

    Args:
        request: What it answers.
        templates: As :func:`environment` makes them.
        template: Its file.
        status: Of HTTP.
        told: What the template shows.
    """
    page = templates.get_template(template).render(path=request.url.path, **told)
    return HTMLResponse(page, status)


def count(number: float | None) -> str:
    """A number with thousands separated; a dash where there is none."""
    return "-" if number is None else f"{number:,.0f}"


def figure(number: float | None, digits: int = 4) -> str:
    """A number of so many digits after the point."""
    return "-" if number is None else f"{number:,.{digits}f}"


def age(day: date, today: date) -> str:
    """How long ago a day was, in words: ``yesterday``, ``12 days ago``."""
    days = (today - day).days
    if abs(days) <= 1:
        return {0: "today", 1: "yesterday", -1: "tomorrow"}[days]
    return f"{days:,} days ago" if days > 0 else f"in {-days:,} days"


def seconds(number: float | None) -> str:
    """A duration: ``0.4 s``, ``3 min 20 s``."""
    if number is None:
        return "-"
    if number < 60:
        return f"{number:.1f} s"
    return f"{int(number) // 60:,} min {int(number) % 60} s"


def size(number: float | None) -> str:
    """A size in decimal units: ``12.3 MB``."""
    if number is None:
        return "-"
    at = 0
    while number >= 1000 and at < len(_UNITS) - 1:
        number, at = number / 1000, at + 1
    return f"{number:,.0f} {_UNITS[at]}" if at == 0 else f"{number:,.1f} {_UNITS[at]}"


def name(text: object) -> Markup:
    """A name from the data: cut where nobody reads on, and kept from turning the line around it."""
    return Markup("<bdi>{}</bdi>").format(safe(cut(str(text), _LONGEST_NAME)))


def code(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    parts = safe(cut(text, _LONGEST)).split("`")
    if len(parts) % 2 == 0:  # one without its other half
        return escape("`".join(parts))
    shown = [Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)]
    return Markup("").join(shown)


def _finalize(value: object) -> object:
    """What a template prints: nothing of a null, and of text nothing that a browser would obey."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return safe(cut(value, _LONGEST))
    return value
