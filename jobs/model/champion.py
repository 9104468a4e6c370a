"""Try tonight's models on the newest events, and let the gate decide which of them serves: model.champion."""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.comparison import judge_each
from jobs.evaluation.contest import Contest
from jobs.evaluation.gate import CHALLENGER, CHAMPION, FORMER, settle
from jobs.evaluation.protocols import temporal
from jobs.evaluation.report import Report
from jobs.evaluation.segments import Popularity
from jobs.lakehouse.lake import Lake
from jobs.recommenders import popularity
from jobs.scoring.catalogue import catalogue_of
from jobs.scoring.rules import find_listable
from jobs.scoring.training_set import Known, TrainingSet, gather
from jobs.scoring.weighing import end_of, event_weight
from jobs.settings import Settings
from jobs.tables import model, silver
from jobs.tracking import proposals, registry, runs, views
from jobs.version import code_version

_JUDGED = "judged"
"""Folder of a run's artifacts that holds the model as it was judged: a later night is held against it while it serves."""
_POPULARITIES = {f"popularity_{name}": parameters for name, parameters in popularity.BASELINES.items()}
_UNTIL_MENDED = "what serves stays; mend it and run `reelhouse run model.champion`"


@dataclass(frozen=True)
class Entrant:
    """A recipe that is fitted and judged tonight."""

    recommender: str
    parameters: Any

    @property
    def values(self) -> dict[str, Any]:
        """Its parameters by name."""
        return recommenders.values_of(self.parameters)

    @property
    def recipe(self) -> str:
        """One short word for the recommender and its parameters."""
        said = json.dumps([self.recommender, self.values], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def fit(self, training: TrainingSet, folder: Path) -> int:
        """Fit a model and save it.

        Returns:
            How many titles it knows.
        """
        fitted = recommenders.find(self.recommender).fit(training, self.parameters)
        recommenders.save(self.recommender, fitted, folder)
        return len(fitted.title_ids)


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
    entrants: Mapping[str, Entrant]
    """By their names in the contest."""
    folder: Path
    fit_seconds: dict[str, float] = field(default_factory=dict)
    """Filled while entrants are fitted."""

    def title(self, name: str) -> str:
        """A model as people read it."""
        if name in _POPULARITIES:
            return f"{name.removeprefix('popularity_').replace('_', '-')} popularity"
        return "champion as it was judged" if name == FORMER else f"{self.entrants[name].recommender}, {name}"

    def circumstances(self, name: str) -> runs.Circumstances:
        """What a model depends on."""
        entrant, settings = self.entrants[name], self.settings
        tables = {one: (f"{settings.lake}/{one.replace('.', '/')}", at) for one, at in self.reads.items()}
        shaped = runs.shaping(settings)
        return runs.Circumstances(self.night, entrant.recommender, entrant.values, shaped, tables, self.run)

    @property
    def rivals(self) -> dict[str, str]:
        """Tags that tell on which nights the same two recipes were compared."""
        tried = self.entrants.get(CHALLENGER)
        beside = self.entrants[CHAMPION].recipe if CHAMPION in self.entrants else "popularity"
        return {"recipe": tried.recipe, "against": beside} if tried and self.serving else {}


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
        entrants = _entrants(settings, serving, proposal)
        trial = Trial(settings, night, lake.reads, lake.run, serving, entrants, folder)
        runs.close_left_open(settings)
        cutoff = temporal.find_cutoff(interactions, settings.holdout_share)
        known = held.enter_context(gather(interactions, (cutoff, end_of(night)), settings.weighing, work))
        with ExitStack() as open_runs:
            # Not read before a model asks for it.
            catalogue = catalogue_of(profiles, titles, known.title_ids, night)
            before = known.training_set(cutoff, catalogue)
            opened = _fit(trial, before, open_runs)
            contest = _judge(trial, known, cutoff, interactions, titles)
            compared = runs.nights_compared(settings, night, trial.rivals) if serving else None
            settled = settle(contest, list(_POPULARITIES), compared)
            names = {name: trial.title(name) for name in contest.judged}
            report = Report(night, cutoff, contest, settled, names, _made_of(trial))
            pictures = report.draw(_films(titles, report), folder / "pictures")
            everything = known.training_set(end_of(night), catalogue)
            logged = {
                name: _finish(trial, report, name, run_id, everything, pictures) for name, run_id in opened.items()
            }
        # The champion's alias is set last: whatever fails before leaves what serves.
        versions = {
            name: registry.register(settings, one, serves=name == settled.serves)
            for name in (settled.waits, settled.serves)
            if name and (one := logged[name])
        }
        if proposal is not None:
            verdict = report.decision(CHALLENGER).verdict if CHALLENGER in settled.decisions else proposals.SUPERSEDED
            proposals.close(settings, proposal, verdict)
        registry.decide(settings, trial.circumstances(next(iter(trial.entrants))))
        runs.drop_files(settings, registry.retired(settings), _JUDGED)
        views.show_night(settings, night)
        _write_page(lake.docs, night, report.page(versions.get(settled.waits or ""), pictures))
        champion, note = registry.require_champion(settings), "; ".join([_note(trial, report, versions), *refused])
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
            proposals.close(settings, found, proposals.REFUSED)
            refused.append(f"what a search proposed was refused: {why}")
        else:
            break
    return found, refused


def _entrants(
    settings: Settings, serving: registry.Champion | None, proposal: proposals.Proposal | None
) -> dict[str, Entrant]:
    """The champion's recipe, another one, and every popularity.

    The other one is what a search proposes, else what the settings name.

    While popularity is the champion, the project's own choice challenges it unless the settings name another.
    """
    found: dict[str, Entrant] = {}
    if serving is not None and serving.recommender != "popularity":
        found[CHAMPION] = _entrant(serving.recommender, serving.parameters)
    named = None
    if proposal is not None:
        named = _entrant(proposal.recommender, proposal.parameters)
    elif _names_one(settings) or not found:
        named = _entrant(settings.recommender or recommenders.DEFAULT, settings.recommender_parameters)
    if named is not None and named not in found.values():
        found[CHALLENGER] = named
    return found | {name: Entrant("popularity", parameters) for name, parameters in _POPULARITIES.items()}


def _entrant(name: str, given: Mapping[str, object]) -> Entrant:
    try:
        return Entrant(name, recommenders.parameters_of(name, given))
    except JobError as refused:
        raise JobError(f"no model was trained: {refused}") from refused


def _names_one(settings: Settings) -> bool:
    """Whether the settings say what is to be tried."""
    return bool(settings.recommender or settings.recommender_parameters)


def _fit(trial: Trial, training: TrainingSet, open_runs: ExitStack) -> dict[str, str]:
    """Fit every entrant on what is before the held-out events, each in a run of its own.

    Returns:
        Entrant → its open run.

    Raises:
        JobError: There is nothing to learn from.
    """
    opened = dict[str, str]()
    if training.preferences.where(F.col("weight") > 0).isEmpty():
        raise JobError(
            f"no model was trained: nothing before {training.as_of:%Y-%m-%d %H:%M} says what a viewer likes, all its "
            "weights are 0; look at REELHOUSE_WEIGHING__…, or deliver more events"
        )
    for name, entrant in trial.entrants.items():
        run = runs.training(trial.settings, trial.circumstances(name), trial.title(name))
        opened[name] = open_runs.enter_context(run)
        began = time.monotonic()
        entrant.fit(training, trial.folder / _JUDGED / name)
        trial.fit_seconds[name] = time.monotonic() - began
    return opened


def _judge(trial: Trial, known: Known, cutoff: datetime, interactions: DataFrame, titles: DataFrame) -> Contest:
    """Judge all that was fitted, and the champion as it was, on what is after the cutoff.

    Raises:
        JobError: There is nobody to judge on.
    """
    folders = {name: trial.folder / _JUDGED / name for name in trial.entrants} | _former(trial, cutoff)
    likes = event_weight(trial.settings.weighing) > 0
    wanted = temporal.hold_out(known.histories(cutoff), interactions, cutoff, likes)
    listable = find_listable(titles, _all_titles(known, folders.values()), cutoff.date())
    judged = judge_each(folders, wanted, listable)
    return Contest(judged, _counted(listable, known, judged), _head(folders["popularity_all_time"]))


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
    kept = runs.fetch_files(trial.settings, serving.run_id, _JUDGED, trial.folder / FORMER)
    return {} if kept is None else {FORMER: kept}


def _finish(
    trial: Trial, report: Report, name: str, run_id: str, everything: TrainingSet, pictures: list[Path]
) -> runs.Logged | None:
    """Log what a model reached; one that serves or waits is fitted on everything and logged too.

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
    folder = trial.folder / "registered" / name
    began = time.monotonic()
    size = {"titles": float(entrant.fit(everything, folder))}
    took = {"refit_seconds": time.monotonic() - began}
    logged = runs.log_model(trial.circumstances(name), run_id, folder, size | took, {})
    return replace(logged, metrics=report.registered_metrics(name) | size, tags=tags)


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


def _write_page(docs: str, night: date, page: str) -> None:
    file = Path(docs) / model.CHAMPION.name / f"{night}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")


def _note(trial: Trial, report: Report, versions: Mapping[str, int]) -> str:
    """One line: what serves, what waits, and where popularity serves as nobody said what else to try, that."""
    settings, waits, said = trial.settings, report.settled.waits, [report.summary]
    if report.settled.serves_popularity and not _names_one(settings):
        tried = trial.entrants.get(CHALLENGER) or trial.entrants[CHAMPION]
        said.append(f"REELHOUSE_RECOMMENDER names none, {tried.recommender} was tried")
    if waits:
        said.append(f"to decide: reelhouse promote {versions[waits]} --reason …")
    return "; ".join(said)
