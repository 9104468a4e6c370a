"""What is said of a night's models: figures, tags, cards and pictures for their runs, and the page of evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from jobs.evaluation import evidence, plots
from jobs.evaluation.contest import Contest
from jobs.evaluation.gate import CHAMPION, FORMER, Settled
from jobs.evaluation.promotion import Decision

_FILMS = 8
"""So many gains and so many losses are drawn."""


@dataclass(frozen=True)
class Report:
    """All that a night's contest says."""

    night: date
    cutoff: datetime
    """From when events were held out."""
    contest: Contest
    settled: Settled
    names: Mapping[str, str]
    """Model of the contest → its name as people read it."""
    made_of: str
    """Versions of the tables and of the code."""

    @property
    def protocol(self) -> str:
        """How the models were judged."""
        return f"global temporal, from {self.cutoff.isoformat()}"

    @cached_property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Model → its figures."""
        return {name: self.contest.metrics(name) for name in self.names}

    @property
    def _readable(self) -> dict[str, dict[str, float]]:
        return {self.names[name]: one for name, one in self.metrics.items()}

    def registered_metrics(self, name: str) -> dict[str, float]:
        """A model's figures, and beside them those of the best popularity, as a registered version carries them."""
        best = self.metrics[self.settled.popularity]
        return self.metrics[name] | {f"popularity_{metric}": value for metric, value in best.items()}

    def decision(self, name: str) -> Decision:
        """What the gate decided of a model; popularity is promoted where nothing beats it."""
        beaten = Decision("promoted", ("nothing is better than popularity",))
        return self.settled.decisions.get(name, beaten)

    def tags(self, name: str) -> dict[str, str]:
        """What else a model's run says, and its registered version."""
        best = self.settled.popularity.removeprefix("popularity_")
        said = {"role": name, "protocol": "temporal", "split": self.protocol, "cutoff": self.cutoff.isoformat()}
        said["popularity"] = best
        if name in (*self.settled.decisions, self.settled.serves):
            decision = self.decision(name)
            said |= {"verdict": decision.verdict, "reason": "; ".join(decision.reasons)}
            if decision.verdict == "promoted":
                said["promoted_by"] = "the gate"
            if decision.difference:
                said["difference"] = str(decision.difference)
        return said

    def card(self, name: str, what: str) -> str:
        """A model's card; ``what`` is its recipe in words."""
        decision = self.settled.decisions.get(name)
        return evidence.card(what, self.made_of, self.names[name], self._readable, decision)

    def draw(self, films: Mapping[str, str], folder: Path) -> list[Path]:
        """Draw the night's pictures.

        Args:
            films: Identifier → title in words, of :meth:`gains`.
            folder: Where they go.
        """
        mine, beside = self._compared
        gains = [(films.get(title, title), count) for title, count in self.gains]
        return plots.draw_all(self._readable, gains, f"{self.names[mine]} beside {self.names[beside]}", folder)

    @property
    def gains(self) -> list[tuple[str, int]]:
        """Titles found for more viewers, or for fewer, than by what the model had to beat."""
        return self.contest.gains(*self._compared, _FILMS)

    @property
    def _compared(self) -> tuple[str, str]:
        """The model that the gate was asked about last, and what it had to beat."""
        mine = list(self.settled.decisions)[-1] if self.settled.decisions else self.settled.popularity
        if mine == CHAMPION:
            return mine, FORMER if FORMER in self.names else self.settled.popularity
        return mine, CHAMPION if CHAMPION in self.names else self.settled.popularity

    @property
    def summary(self) -> str:
        """What was decided, in a line."""
        settled = self.settled
        told = [
            f"{self.names[name]} {one.verdict}: {'; '.join(one.reasons)}" for name, one in settled.decisions.items()
        ]
        shown = settled.serves or (CHAMPION if CHAMPION in self.metrics else settled.popularity)
        figures = (self.metrics[one]["ndcg_at_10"] for one in (shown, settled.popularity))
        first = "nDCG@10 {:.3f}, popularity {:.3f}".format(*figures)
        if settled.serves_popularity:
            tried = max((self.metrics[name]["ndcg_at_10"] for name in settled.decisions), default=None)
            beaten = "" if tried is None else f", the best recipe {tried:.3f}"
            first = f"popularity serves: nDCG@10 {self.metrics[settled.popularity]['ndcg_at_10']:.3f}{beaten}"
        return "; ".join([first, *told])

    def page(self, waiting: int | None, pictures: list[Path]) -> str:
        """The page of evidence; ``waiting`` is the version that waits for a person."""
        decisions = {self.names[name]: one for name, one in self.settled.decisions.items()}
        viewers = len(next(iter(self.contest.judged.values())))
        return evidence.render(
            evidence.Evidence(
                self.night,
                self.protocol,
                viewers,
                self.summary,
                waiting,
                self._readable,
                decisions,
                pictures,
                self.made_of,
            )
        )
