"""Try tonight's models on the newest events, and let the gate decide which of them serves: model.champion."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import recommenders
from jobs.errors import JobError, LostServerError
from jobs.evaluation.comparison import judge_each
from jobs.evaluation.contest import Contest
from jobs.evaluation.entrants import POPULARITIES, Entered, Entrant, enter, not_fitted, said_of_champion
from jobs.evaluation.gate import CHALLENGER, CHAMPION, FORMER, Settled, settle
from jobs.evaluation.protocols import temporal
from jobs.evaluation.report import Report
from jobs.evaluation.segments import Popularity
from jobs.lakehouse.lake import Lake
from jobs.recommenders import popularity
from jobs.scoring.catalogue import catalogue_of
from jobs.scoring.rules import Allowed, find_listable
from jobs.scoring.training_set import Known, TrainingSet, gather
from jobs.scoring.weighing import end_of, event_weight
from jobs.settings import Settings
from jobs.tables import model, silver
from jobs.tracking import proposals, registry, runs, views
from jobs.tracking.proposals import REFUSED
from jobs.tracking.versions import retired
from jobs.version import code_hash, code_version

_REGISTERED = "registered"
_IN_TURN = (CHALLENGER, CHAMPION, *POPULARITIES)
"""In this order models are fitted again: one that cannot be changes what is decided of those after it."""
_JUDGED = "judged"
"""Folder of a run's artifacts that holds the model as it was judged: a later night is held against it while it serves."""
_UNTIL_MENDED = "what serves stays; mend it and run `reelhouse run model.champion`"


@dataclass(frozen=True)
class Trial:
    """What a night's recipes are tried with."""

    settings: Settings
    night: date
    reads: Mapping[str, int | None]
    """The tables that were read, with their versions."""
    run: str
    """What trains: an Airflow run, or a command."""
    serving: registry.Champion | None
    entered: Entered
    folder: Path
    say: Callable[[str], object]
    """Told of each step as it begins."""
    fit_seconds: dict[str, float] = field(default_factory=dict)
    """Filled while entrants are fitted."""
    refits: dict[str, dict[str, float]] = field(default_factory=dict)
    """Filled while what serves or waits is fitted again on everything: titles and seconds."""
    withdrawn: dict[str, str] = field(default_factory=dict)
    """Filled while entrants are fitted: those that could not be, and what is said of them."""

    @property
    def entrants(self) -> dict[str, Entrant]:
        """Who is in the contest, by their names there."""
        return {name: one for name, one in self.entered.entrants.items() if name not in self.withdrawn}

    def title(self, name: str) -> str:
        """A model as people read it."""
        if name in POPULARITIES:
            return f"{name.removeprefix('popularity_').replace('_', '-')} popularity"
        if name == CHALLENGER and self.serving is None:
            # There is nothing yet that it would challenge.
            return self.entered.entrants[name].recommender
        return "champion as it was judged" if name == FORMER else f"{self.entered.entrants[name].recommender}, {name}"

    def circumstances(self, name: str) -> runs.Circumstances:
        """What a model depends on."""
        entrant, settings = self.entered.entrants[name], self.settings
        tables = {one: (f"{settings.lake}/{one.replace('.', '/')}", at) for one, at in self.reads.items()}
        shaped = runs.shaping(settings)
        return runs.Circumstances(self.night, entrant.recommender, entrant.values, shaped, tables, self.run)

    @property
    def allowed(self) -> Allowed:
        """What kinds of titles may be listed."""
        return Allowed(self.settings.listed_title_types, adult=self.settings.lists_adult)

    @property
    def rivals(self) -> dict[str, str]:
        """Tags that tell on which nights the same two recipes were compared."""
        tried = self.entrants.get(CHALLENGER)
        beside = self.entrants[CHAMPION].recipe if CHAMPION in self.entrants else "popularity"
        return {"recipe": tried.recipe, "against": beside} if tried and self.serving else {}

    @property
    def has_news(self) -> bool:
        """Whether the champion's recipe would learn from anything else than the champion did."""
        made = self.serving
        if made is None or (made.night, made.inputs, made.code) != (self.night, self.reads, code_hash()):
            return True
        then, now = made.settings, runs.shaping(self.settings)
        return any(
            then.get(name) != now[name] for name in ("weighing", "holdout_share", "listed_title_types", "lists_adult")
        )

    @contextmanager
    def fitting(self, name: str, run_id: str) -> Iterator[None]:
        """A challenger that refuses what is fitted within leaves the contest; the night goes on with what it has.

        Raises:
            JobError: Another entrant refuses, or the challenger does where nothing serves and the settings name it.
        """
        try:
            yield
        except LostServerError:
            raise
        except JobError as refused:
            if name != CHALLENGER or self.entered.is_required:
                whose = said_of_champion(self.serving) if self.serving and name == CHAMPION else ""
                raise JobError(f"no model was trained: {whose}{refused}") from refused
            self.withdrawn[name] = not_fitted(self.entrants[name].recommender, refused)
            runs.withdraw(self.settings, run_id, {"role": name, "verdict": REFUSED, "reason": self.withdrawn[name]})


def run(lake: Lake, night: date) -> None:
    """Fit the champion's recipe, a challenger and popularities on what is before the newest events, and judge them there.

    What the gate lets through is fitted again on all events, registered, and serves.
    """
    settings = lake.settings
    interactions = lake.read(silver.INTERACTIONS, night)
    titles = lake.read(silver.TITLES, night)
    profiles = lake.read(silver.TITLE_PROFILES, night)
    work = settings.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(dir=work)))
        held.enter_context(runs.reachable(settings, "no model was promoted", _UNTIL_MENDED))
        serving = registry.champion(settings)
        proposal, refused = _proposed(settings)
        entered = enter(settings.recommender, settings.recommender_parameters, serving, proposal)
        trial = Trial(settings, night, lake.reads, lake.run, serving, entered, folder, lake.say)
        runs.close_left_open(settings)
        lake.say("gathering what viewers did")
        cutoff = temporal.find_cutoff(interactions, settings.holdout_share)
        known = held.enter_context(gather(interactions, (cutoff, end_of(night)), settings.weighing, work))
        with ExitStack() as open_runs:
            # Not read before a model asks for it.
            catalogue = catalogue_of(profiles, titles, known.title_ids, night, trial.allowed)
            before = known.training_set(cutoff, catalogue)
            wanted, listable = _to_judge(trial, known, before, interactions, titles)
            opened = _fit(trial, before, open_runs)
            contest = _judge(trial, known, cutoff, wanted, listable, titles)
            contest, settled = _settle(trial, contest, opened, known.training_set(end_of(night), catalogue))
            names = {name: trial.title(name) for name in contest.judged}
            lake.say("drawing, logging and registering")
            report = Report(night, cutoff, contest, settled, names, _made_of(trial))
            pictures = report.draw(_films(titles, report), folder / "pictures")
            logged = {name: _finish(trial, report, name, opened[name], pictures) for name in trial.entrants}
        # The champion's alias is set last: whatever fails before leaves what serves.
        versions = {
            name: registry.register(settings, one, serves=name == settled.serves)
            for name in (settled.waits, settled.serves)
            if name and (one := logged[name])
        }
        if proposal is not None:
            proposals.close(settings, proposal, _verdict(trial, report))
        registry.decide(settings, trial.circumstances(next(iter(trial.entrants))))
        runs.drop_files(settings, retired(settings), _JUDGED)
        views.show_night(settings, night)
        page = _write_page(lake.docs, night, report.page(versions.get(settled.waits or ""), pictures))
        champion = registry.require_champion(settings)
        note = "; ".join([_note(trial, report, versions, page), *refused])
    if settled.serves is None:
        lake.report(model.CHAMPION.name, "kept", version=champion.version, note=note)
    else:
        known_titles = int(champion.metrics["titles"])
        lake.report(model.CHAMPION.name, "published", version=champion.version, rows=known_titles, note=note)


def _proposed(settings: Settings) -> tuple[proposals.Proposal | None, list[str]]:
    """What a search proposes, and in words what one did that this version of the project cannot make any more.

    The latter is closed: nights would fail by it until another search proposes something.
    """
    refused = []
    while (found := proposals.newest(settings)) is not None:
        try:
            recommenders.parameters_of(found.recommender, found.parameters)
        except JobError as why:
            proposals.close(settings, found, REFUSED)
            refused.append(f"what a search proposed was refused: {why}")
        else:
            break
    return found, refused


def _to_judge(
    trial: Trial, known: Known, before: TrainingSet, interactions: DataFrame, titles: DataFrame
) -> tuple[DataFrame, pa.Array]:
    """The viewers to judge on, and those of the watched titles that may be listed; asked before anything is fitted.

    Raises:
        JobError: There is nothing to learn from, nothing to list, or nobody to judge on.
    """
    cutoff = before.as_of
    if before.preferences.where(F.col("weight") > 0).isEmpty():
        raise JobError(
            f"no model was trained: nothing before {cutoff:%Y-%m-%d %H:%M} says what a viewer likes, all its "
            "weights are 0; look at REELHOUSE_WEIGHING__…, or deliver more events"
        )
    listable = find_listable(titles, known.title_ids, cutoff.date(), trial.allowed)
    if not len(listable):
        raise JobError(
            f"no model was trained: none of the {len(known.title_ids):,} titles in silver.interactions may be listed: on "
            f"{cutoff:%Y-%m-%d} all are of kinds that are not listed, for adults, not released, or not in silver.titles; "
            "deliver events of others"
        )
    likes = event_weight(trial.settings.weighing) > 0
    wanted = temporal.hold_out(known.histories(cutoff), interactions, cutoff, likes)
    if wanted.isEmpty():
        raise JobError(
            "no model was trained: no viewer liked a new title in the held-out part of silver.interactions; "
            "deliver more events, or raise REELHOUSE_HOLDOUT_SHARE"
        )
    return wanted, listable


def _fit(trial: Trial, training: TrainingSet, open_runs: ExitStack) -> dict[str, str]:
    """Fit every entrant on what is before the held-out events, each in a run of its own.

    Returns:
        Entrant → its run.
    """
    opened = dict[str, str]()
    for name, entrant in trial.entrants.items():
        run = runs.training(trial.settings, trial.circumstances(name), trial.title(name))
        opened[name] = open_runs.enter_context(run)
        trial.say(f"fitting {trial.title(name)}")
        began = time.monotonic()
        with trial.fitting(name, opened[name]):
            entrant.fit(training, trial.folder / _JUDGED / name)
        trial.fit_seconds[name] = time.monotonic() - began
    return opened


def _judge(
    trial: Trial, known: Known, cutoff: datetime, wanted: DataFrame, listable: pa.Array, titles: DataFrame
) -> Contest:
    """Judge all that was fitted, and the champion as it was, on what is after the cutoff."""
    folders = {name: trial.folder / _JUDGED / name for name in trial.entrants} | _former(trial, cutoff)
    others = _all_titles(known, folders.values())[len(known.title_ids) :]
    if len(others):
        listable = pa.concat_arrays([listable, find_listable(titles, others, cutoff.date(), trial.allowed)])
    trial.say(f"judging {'; '.join(map(trial.title, folders))}")
    judged = judge_each(folders, wanted, listable)
    return Contest(judged, _counted(listable, known, judged), _head(folders["popularity_all_time"]))


def _settle(
    trial: Trial, contest: Contest, opened: Mapping[str, str], everything: TrainingSet
) -> tuple[Contest, Settled]:
    """Decide the night, and fit what serves or waits again on everything; who cannot be is decided without."""
    compared = runs.nights_compared(trial.settings, trial.night, trial.rivals) if trial.serving else None
    settled = settle(contest, list(POPULARITIES), compared, refreshes=trial.has_news)
    for name in (one for one in _IN_TURN if one in (settled.serves, settled.waits)):
        trial.say(f"fitting {trial.title(name)}, on everything")
        began = time.monotonic()
        with trial.fitting(name, opened[name]):
            size = trial.entrants[name].fit(everything, trial.folder / _REGISTERED / name)
            trial.refits[name] = {"titles": float(size), "refit_seconds": time.monotonic() - began}
        if name in trial.withdrawn:
            judged = {other: one for other, one in contest.judged.items() if other != name}
            return _settle(trial, replace(contest, judged=judged), opened, everything)
    return contest, settled


def _all_titles(known: Known, folders: Iterable[Path]) -> pa.Array:
    """The titles that somebody had to do with, and those that a saved model knows from the catalogue alone."""
    return pa.concat_arrays([known.title_ids, *(recommenders.held(str(one)).title_ids for one in folders)]).unique()


def _counted(listable: pa.Array, known: Known, judged: Mapping[str, pa.Table]) -> pa.Array:
    """The titles that coverage counts: of those that nobody had to do with only what a model lists.

    Beside the many others that a catalogue holds, no model's lists would seem narrower than another's.
    """
    listed = [one["listed"].combine_chunks().flatten() for one in judged.values()]
    return listable.filter(pc.is_in(listable, value_set=pa.concat_arrays([known.title_ids, *listed])))


def _head(folder: Path) -> pa.Array:
    """The most popular titles, of which the long tail is the rest, from a saved popularity of all time."""
    counted = recommenders.load(folder)
    if not isinstance(counted, popularity.Model):
        raise TypeError(f"{folder} holds no popularity")
    counts = counted.factors[:, 0].astype(np.int64)
    return counted.title_ids.filter(pa.array(Popularity(counted.title_ids, counts, 0).is_head))


def _former(trial: Trial, cutoff: datetime) -> dict[str, Path]:
    """The champion as it was when it was judged itself, if it is kept, and had seen nothing of tonight's window."""
    serving = trial.serving
    if serving is None or CHAMPION not in trial.entrants or serving.cutoff is None or serving.cutoff > cutoff:
        return {}
    if not trial.has_news:
        # It is what the recipe is fitted to again.
        return {}
    kept = runs.fetch_files(trial.settings, serving.run_id, _JUDGED, trial.folder / FORMER)
    return {} if kept is None else {FORMER: kept}


def _finish(trial: Trial, report: Report, name: str, run_id: str, pictures: list[Path]) -> runs.Logged | None:
    """Log what a model reached, and one that serves or waits, as it was fitted on everything.

    Returns:
        None for a model that is not to be registered.
    """
    settled, kept = report.settled, trial.folder / "kept" / name
    kept.mkdir(parents=True)
    entrant, tags = trial.entrants[name], report.tags(name) | (trial.rivals if name == CHALLENGER else {})
    card = report.card(name, f"`{entrant.recommender}` with {json.dumps(entrant.values)}")
    (kept / "card.md").write_text(card, encoding="utf-8")
    if name in settled.decisions:
        (kept / "evidence.html").write_text(report.page(None, pictures), encoding="utf-8")
        shutil.copytree(trial.folder / "pictures", kept / "pictures")
    is_chosen = name in (settled.serves, settled.waits)
    if is_chosen:
        shutil.copytree(trial.folder / _JUDGED / name, kept / _JUDGED)
    # MLflow's comparison page begins with the metric that was logged first.
    metrics = report.metrics[name] | {"fit_seconds": trial.fit_seconds[name]}
    runs.log_results(trial.settings, run_id, metrics, tags | {runs.DESCRIPTION: card}, kept)
    if not is_chosen:
        return None
    refit = trial.refits[name]
    logged = runs.log_model(trial.circumstances(name), run_id, trial.folder / _REGISTERED / name, refit, {})
    return replace(logged, metrics=report.registered_metrics(name) | {"titles": refit["titles"]}, tags=tags)


def _verdict(trial: Trial, report: Report) -> str:
    """What became of a proposal."""
    if CHALLENGER in trial.withdrawn:
        return REFUSED
    return report.decision(CHALLENGER).verdict if CHALLENGER in report.settled.decisions else proposals.SUPERSEDED


def _films(titles: DataFrame, report: Report) -> dict[str, str]:
    """Titles in words of what the pictures name."""
    asked = [title for title, _ in report.gains]
    rows = titles.where(F.col("title_id").isin(asked)).select("title_id", "title", "release_year").collect()
    return {
        row["title_id"]: f"{row['title']} ({row['release_year']})" if row["release_year"] else row["title"]
        for row in rows
    }


def _made_of(trial: Trial) -> str:
    """The tables that were read, and the code."""
    tables = [f"{table} v{version}" for table, version in sorted(trial.reads.items())]
    return f"{', '.join(tables)}, up to {trial.night}; code {code_version()}"


def _write_page(docs: str, night: date, page: str) -> Path:
    file = Path(docs) / model.CHAMPION.name / f"{night}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")
    return file


def _note(trial: Trial, report: Report, versions: Mapping[str, int], page: Path) -> str:
    """One line: what serves, what waits, and where popularity serves as nobody said what else to try, that."""
    waits, said = report.settled.waits, [report.summary, *trial.withdrawn.values()]
    if any(one.verdict != "promoted" for one in report.settled.decisions.values()):
        said.append(f"figures: {page}")
    if report.settled.serves_popularity and not trial.entered.is_named and not trial.withdrawn:
        tried = trial.entrants.get(CHALLENGER) or trial.entrants[CHAMPION]
        said.append(f"REELHOUSE_RECOMMENDER names none, {tried.recommender} was tried")
    if waits:
        said.append(f"to decide: reelhouse promote {versions[waits]} --reason …")
    return "; ".join(said)
