"""The data of a night as one file: the words and pictures of the page, without anything beside it."""

from base64 import b64encode
from pathlib import Path

from markupsafe import Markup

from jobs.answers.lake_profile import Profile
from jobs.explorer.pictures import PALETTES, WIDTHS, Look
from jobs.explorer.profile_pictures import draw, height_of
from jobs.explorer.rendering import environment

_STYLE = Path(__file__).parent / "static" / "style.css"


def write_profile(profile: Profile, file: Path) -> None:
    """Write a profile as HTML that needs nothing else; whole or not at all.

    Args:
        profile: What is known of the data.
        file: Where; what is there is replaced.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}")
    unfinished.write_text(page(profile), encoding="utf-8")
    unfinished.replace(file)


def page(profile: Profile) -> str:
    """The file's text."""
    # Addresses of data hold no character of markup; within the page they would be cut as a text from the data is.
    pictures = {
        one.name: {scheme: Markup(_inline(draw(one, Look(scheme)))) for scheme in PALETTES}  # noqa: S704 - base64
        for one in profile.pictures
        if one.points
    }
    return (
        environment()
        .get_template("profile.html")
        .render(
            profile=profile,
            pictures=pictures,
            style=Markup(_STYLE.read_text(encoding="utf-8")),  # noqa: S704 - our own
            width=WIDTHS["wide"],
            height_of=height_of,
        )
    )


def _inline(picture: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(picture).decode()}"
