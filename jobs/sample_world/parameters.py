"""What a sample world is made from, and where a landing folder keeps it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Self
from zlib import crc32

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from jobs.errors import JobError

ENDS_BEFORE = timedelta(days=7)
"""A world ends this long before the day it is made, so that it can be continued day by day."""
PARAMETERS_FILE = "world.json"
EVENT_LOG = "events.jsonl.gz"


class WorldParameters(BaseModel):
    """Everything a sample world depends on: the same parameters make the same bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Annotated[int, Field(ge=0, description="Seed of every random stream.")] = 7
    viewers: Annotated[
        int, Field(ge=1, le=1_000_000, description="Viewers, all of them active from the first day.")
    ] = 3_000
    titles: Annotated[
        int, Field(ge=100, le=4_000_000, description="Titles released before the first day; a few are added daily.")
    ] = 3_000
    events_per_day: Annotated[int, Field(ge=1, description="Mean events per day, of all types together.")] = 5_200
    first_day: Annotated[date, Field(description="Day of the first event log.")] = date(2026, 1, 1)
    days: Annotated[
        int, Field(ge=1, description="Days of the first delivery; later days continue the same process.")
    ] = 60
    tastes: Annotated[
        bool, Field(description="Whether viewers have tastes; otherwise all draw from popularity alone.")
    ] = True

    @classmethod
    def made_on(cls, today: date, **given: object) -> Self:
        """The parameters of a world whose first delivery ends a week before today, unless its first day is given.

        Raises:
            ValidationError: A parameter is out of its range.
        """
        asked = cls.model_validate(given, strict=True)
        if "first_day" in given:
            return asked
        return asked.model_copy(update={"first_day": today - ENDS_BEFORE - timedelta(days=asked.days - 1)})

    @property
    def last_day(self) -> date:
        """Last day of the first delivery."""
        return self.first_day + timedelta(days=self.days - 1)

    def day_number(self, day: date) -> int:
        """Days from the first day to ``day``: 0 on the first day."""
        return (day - self.first_day).days

    def stream(self, purpose: str, number: int = 0) -> np.random.Generator:
        """A random stream of its own for each purpose and day (or batch) number, whatever was drawn from others."""
        return np.random.default_rng([self.seed, crc32(purpose.encode()), number])


def load_parameters(landing: Path) -> WorldParameters | None:
    """The parameters of the world in ``landing``, or None where no world was written.

    Raises:
        JobError: The file is there and cannot be read as parameters.
    """
    file = landing / PARAMETERS_FILE
    if not file.is_file():
        return None
    try:
        return WorldParameters.model_validate_json(file.read_bytes())
    except ValueError as error:
        msg = f"The sample world was not read: {file} does not hold its parameters ({error}). Mend or remove it."
        raise JobError(msg) from error


def save_parameters(landing: Path, parameters: WorldParameters) -> None:
    """Keep ``parameters`` beside the sources, so that a later day continues the same world."""
    landing.mkdir(parents=True, exist_ok=True)
    unfinished = landing / f".{PARAMETERS_FILE}"
    unfinished.write_text(parameters.model_dump_json(indent=2) + "\n", encoding="utf-8")
    unfinished.replace(landing / PARAMETERS_FILE)


def last_day(landing: Path) -> date | None:
    """Newest day whose event log of this world is in ``landing``; None if there is none."""
    logs = (landing / "interactions").glob(f"[0-9]*/{EVENT_LOG}")
    return max((date.fromisoformat(log.parent.name) for log in logs), default=None)
