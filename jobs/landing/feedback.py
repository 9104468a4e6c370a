"""What viewers say of titles by command or page: one more event log in ``landing/``, a file a day.

An event is appended under a lock and made durable before it counts as recorded: whoever reads the file meanwhile, a
night above all, finds whole lines, and a process that is killed leaves what was there (:mod:`jobs.landing.day_file`).
"""

import fcntl
import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from jobs.errors import JobError
from jobs.landing.day_file import DayFile, content, lines_with
from jobs.tables.bronze import EVENTS
from jobs.tables.gold import EVERYBODY_ELSE

FILE = "feedback.jsonl"
SOURCE = "feedback"
KINDS = ("view", "rating", "like", "dislike", "watchlist", "dismiss")
_BEST_RATING = 10
_LONGEST_ID = 128
_A_DAY = timedelta(days=1)
_MICROSECONDS = 999_999
"""In the last second of a day there is room for so many events, one after the other."""


@dataclass(frozen=True)
class Feedback:
    """What a viewer says of a title."""

    user_id: str
    title_id: str
    event_type: str
    """One of ``KINDS``."""
    value: float | None = None
    """Of a rating, 0 to 10."""

    def __str__(self) -> str:
        """``like of tt0113277 by u000123``."""
        rated = "" if self.value is None else f" {self.value:g}"
        return f"{self.event_type}{rated} of {self.title_id} by {self.user_id}"


class Recorded(NamedTuple):
    """What became of an event that was sent."""

    file: Path
    is_new: bool
    """False where it was recorded before, under the same token."""


@dataclass(frozen=True)
class Said:
    """Feedback as it was recorded."""

    token: str
    feedback: Feedback


def record(landing: Path, said: Feedback, token: str, day: date, at: datetime) -> Recorded:
    """Add an event to the feedback of a day; one that was recorded already under its token counts once.

    Args:
        landing: Folder of the files as delivered.
        said: What is said.
        token: Names the event: whoever sends it again, not knowing whether it arrived, sends the same token. It is
            looked for in the feedback of the day and of the day before.
        day: The delivery's day.
        at: When it was said, UTC. Where that is after the day, the event is of the day's last second, after those that
            were recorded before it: what happened later is not of the day.

    Raises:
        JobError: The feedback would not be taken by a night, the token names another, or landing cannot be written.
    """
    require_sound(said)
    # As a night compares them.
    name = token.strip(" ")
    require_identifier("token", name)
    path = file_of(landing, day)
    event_id = json.dumps(f"{SOURCE}:{name}", ensure_ascii=False)
    try:
        with alone(landing):
            file, of_before = DayFile(path), DayFile(file_of(landing, day - _A_DAY))
            before = _told(file, event_id) or _told(of_before, event_id)
            if before is None:
                file.append(_line(event_id, said, _moment(at, day, file.lines)))
        file.sync()
    except OSError as error:
        raise JobError(
            f"nothing was recorded: {path} cannot be written ({error}); mend that, and say it again"
        ) from error
    if before not in (None, said):
        raise JobError(
            f"nothing was recorded: the token {token} is that of another event, {before}; give {said} its own"
        )
    return Recorded(path, before is None)


def has_spoken(landing: Path, day: date, user_id: str) -> bool:
    """Whether a viewer is in the feedback of a day."""
    return any(lines_with(file_of(landing, day), _of_viewer(user_id)))


def who_spoke(landing: Path, day: date, part: str) -> frozenset[str]:
    """Viewers in the feedback of a day whose identifier holds some text."""
    told = map(_event, lines_with(file_of(landing, day), json.dumps(part, ensure_ascii=False)[1:-1].encode()))
    return frozenset(one.feedback.user_id for one in told if one is not None and part in one.feedback.user_id)


def said_by(landing: Path, day: date, user_id: str) -> tuple[Said, ...]:
    """What a viewer said in the feedback of a day, in order; without what a night would set aside."""
    found = [_event(line) for line in lines_with(file_of(landing, day), _of_viewer(user_id))]
    return tuple(one for one in found if one is not None and one.feedback.user_id == user_id)


def require_sound(said: Feedback) -> None:
    """Refuse what a night would set aside.

    Raises:
        JobError: Says what is wrong.
    """
    require_identifier("viewer", said.user_id)
    require_identifier("title", said.title_id)
    if said.user_id == EVERYBODY_ELSE:
        raise JobError(f"nothing was recorded: {EVERYBODY_ELSE} stands for everybody who is not known; name a viewer")
    if said.event_type not in KINDS:
        raise JobError(f"nothing was recorded: {said.event_type!r} is none of {', '.join(KINDS)}")
    if (said.event_type == "rating") != (said.value is not None):
        raise JobError("nothing was recorded: a rating has a value, and nothing else has")
    # Not a number lies nowhere between.
    if said.value is not None and not 0 <= said.value <= _BEST_RATING:
        raise JobError(f"nothing was recorded: a rating is from 0 to {_BEST_RATING}, not {said.value:g}")


def require_identifier(what: str, name: str) -> None:
    """Refuse an identifier that is empty, too long, cannot be printed, or has blanks around it.

    Raises:
        JobError: Says which.
    """
    # Categories of Unicode: controls, bytes that are no text, breaks of lines and paragraphs.
    is_text = not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name)
    if not is_text or not 0 < len(name) <= _LONGEST_ID or name != name.strip():
        raise JobError(
            f"nothing was recorded: a {what} has 1 to {_LONGEST_ID} printable characters and no blanks around them, "
            f"not {name[:200]!r}"
        )


def file_of(landing: Path, day: date) -> Path:
    """Where the feedback of a day is."""
    return landing / EVENTS.folder / day.isoformat() / FILE


@contextmanager
def alone(landing: Path) -> Iterator[None]:
    """Hold the lock on the feedback of all days; the system frees that of a process that was killed."""
    home = landing / EVENTS.folder
    home.mkdir(parents=True, exist_ok=True)
    with (home / f".{SOURCE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _told(file: DayFile, event_id: str) -> Feedback | None:
    """What was recorded under an identifier, which is given as JSON."""
    if not file.may_hold(event_id):
        return None
    held, start = content(file.path), -1
    while (start := held.find(f'{{"event_id":{event_id},'.encode(), start + 1)) >= 0:
        # One that was cut short says nothing, and a night sets it aside.
        if (event := _event(held[start : held.index(b"\n", start)])) is not None:
            return event.feedback
    return None


def _of_viewer(user_id: str) -> bytes:
    return f'"user_id":{json.dumps(user_id, ensure_ascii=False)},'.encode()


def _line(event_id: str, said: Feedback, occurred_at: str) -> bytes:
    event = json.dumps(
        {**asdict(said), "occurred_at": occurred_at, "source": SOURCE}, ensure_ascii=False, separators=(",", ":")
    )
    return f'{{"event_id":{event_id},{event[1:]}\n'.encode()


def _event(line: bytes) -> Said | None:
    """What a line says; None if it is not whole."""
    try:
        event = json.loads(line)
        told = Feedback(**{name: event[name] for name in Feedback.__dataclass_fields__})
        return Said(event["event_id"].removeprefix(f"{SOURCE}:"), told)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Cut short, or written by whoever edited the file.
        return None


def _moment(at: datetime, day: date, recorded: int) -> str:
    """When an event happened, as ISO 8601 in UTC."""
    last_second = datetime.combine(day, time(23, 59, 59), UTC)
    latest = last_second + timedelta(microseconds=min(recorded, _MICROSECONDS))
    moment = at if at < last_second + timedelta(seconds=1) else latest
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
