"""Models side by side: judged on the lists they would serve, and in a world that knows the truth."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import recommenders
from jobs.evaluation.comparison import K, judge_each, means
from jobs.evaluation.metrics import ranking_metrics
from jobs.evaluation.protocols import temporal
from jobs.recommenders import als, popularity
from jobs.sample_world import World, WorldParameters, write_world
from jobs.scoring.lists import lists_of
from jobs.scoring.top_n import Scorer
from jobs.scoring.training_set import gather
from jobs.settings import Weighing
from tests.scoring.plans import plan_for

_HISTORY = "user_id string, title_ids array<string>, weights array<double>, held_out array<string>"


def compare(models: Mapping[str, Path], viewers: DataFrame, listable: pa.Array) -> dict[str, dict[str, float]]:
    return {name: means(judged, listable) for name, judged in judge_each(models, viewers, listable).items()}


def save_popular(folder: Path, *title_ids: str) -> Path:
    """The titles by falling popularity."""
    falling = np.arange(len(title_ids), 0, -1, dtype=np.float32).reshape(-1, 1)
    model = popularity.Model(pa.array(title_ids), falling, popularity.Parameters())
    recommenders.save("popularity", model, folder)
    return folder


def test_compares_models_over_the_same_viewers(spark: SparkSession, tmp_path: Path) -> None:
    viewers = spark.createDataFrame([("u", ["a"], [1.0], ["b"]), ("v", ["b"], [1.0], ["unheard of"])], _HISTORY)
    models = {name: save_popular(tmp_path / name, *titles) for name, titles in (("ab", "ab"), ("a", "a"))}

    found = compare(models, viewers, pa.array(["a", "b"]))

    # By ab, u is given b, which is right; v is given a, which is not. By a, u is given nothing.
    assert found["ab"]["ndcg"] == pytest.approx(0.5)
    assert found["ab"]["precision"] == pytest.approx(0.05)
    assert (found["ab"]["coverage"], found["ab"]["viewers"]) == (1.0, 2.0)
    assert (found["a"]["ndcg"], found["a"]["coverage"], found["a"]["viewers"]) == (0.0, 0.5, 2.0)


def test_a_title_that_would_not_be_listed_is_no_hit(spark: SparkSession, tmp_path: Path) -> None:
    viewers = spark.createDataFrame([("u", ["a"], [1.0], ["b", "c"])], _HISTORY)
    models = {"popular": save_popular(tmp_path / "popular", "a", "b", "c")}

    found = compare(models, viewers, pa.array(["a", "c"]))

    assert found["popular"]["recall"] == pytest.approx(0.5)
    assert found["popular"]["precision"] == pytest.approx(0.1)


def test_judges_the_very_lists_that_are_served(spark: SparkSession, tmp_path: Path) -> None:
    """Metrics counted by hand from the lists that tasks make, seen and excluded titles and all."""
    rng = np.random.default_rng(3)
    names = [f"t{n:02d}" for n in range(40)]
    factors = rng.normal(size=(len(names), 3)).astype(np.float32)
    model = als.Model(pa.array(names), factors, als.Parameters(rank=3))
    listable = pa.array([name for name in names if rng.random() < 0.6])
    titles = {name: {"is_listable": name in listable.to_pylist()} for name in names}
    plan = plan_for(tmp_path / "als", model, titles, K)
    rows = []
    for viewer in range(30):
        mixed = rng.permutation(names).tolist()
        rows.append((f"u{viewer:02d}", mixed[:8], rng.random(8).tolist(), mixed[8:14]))
    viewers = spark.createDataFrame(rows, _HISTORY)
    served: dict[str, list[str]] = {}
    for batch in lists_of(plan, viewers.toArrow().to_batches()):
        for row in batch.to_pylist():
            served.setdefault(row["user_id"], []).append(row["title_id"])

    found = compare({"als": tmp_path / "als"}, viewers, listable)["als"]

    hits = {user: len(set(served[user]) & set(wanted)) for user, _, _, wanted in rows}
    listed = {title for titles in served.values() for title in titles}
    assert all(not set(served[user]) & set(seen) and len(served[user]) == K for user, seen, _, _ in rows)
    assert sum(hits.values()) > 0
    assert found["recall"] == pytest.approx(np.mean([count / 6 for count in hits.values()]))
    assert found["precision"] == pytest.approx(np.mean([count / K for count in hits.values()]))
    assert found["coverage"] == pytest.approx(len(listed) / len(listable))
    assert listed <= set(listable.to_pylist())


@pytest.fixture(scope="module")
def judged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """nDCG@10 of models and of the planted oracle, on the last six of forty days of a world with tastes."""
    folder = tmp_path_factory.mktemp("world")
    parameters = WorldParameters(viewers=500, titles=400, events_per_day=1500, days=40, seed=11)
    write_world(folder, parameters, parameters.last_day)
    cutoff = datetime.combine(parameters.first_day + timedelta(days=34), time(), tzinfo=UTC)
    views = (
        spark.read.json(str(folder / "interactions" / "*" / "events.jsonl.gz"))
        .where((F.col("event_type") == "view") & F.col("title_id").startswith("tt"))
        .select(
            *("user_id", "title_id", "event_type"),
            F.lit(None).cast("double").alias("value"),
            F.col("occurred_at").cast("timestamp").alias("occurred_at"),
        )
        .persist()
    )
    with gather(views, (cutoff,), Weighing()) as known:
        training = known.training_set(cutoff)
        wanted = temporal.hold_out(known.histories(cutoff), views, cutoff, F.lit(True)).persist()  # noqa: FBT003
        fitted: dict[str, Scorer] = {
            "als": als.fit(training, als.Parameters(rank=24, reg_param=0.1, alpha=2.0, iterations=8)),
            "popularity": popularity.fit(training, popularity.Parameters()),
        }
        for name, model in fitted.items():
            recommenders.save(name, model, folder / name)
        models = {name: folder / name for name in fitted}
        found = {name: metrics["ndcg"] for name, metrics in compare(models, wanted, known.title_ids).items()}
        strangers = compare(models, give_to_others(wanted), known.title_ids)
    return found | {
        "als of another viewer": strangers["als"]["ndcg"],
        "oracle": oracle_ndcg(World(parameters), wanted, cutoff.date()),
    }


def give_to_others(wanted: DataFrame) -> DataFrame:
    """Everybody's future is another viewer's: what a history says of it is only what is popular."""
    rows = sorted(wanted.collect())
    shifted = [
        (row["user_id"], row["title_ids"], row["weights"], other["held_out"])
        for row, other in zip(rows, rows[1:] + rows[:1], strict=True)
    ]
    return wanted.sparkSession.createDataFrame(shifted, _HISTORY)


def oracle_ndcg(world: World, viewers: DataFrame, day: date) -> float:
    """What the planted probabilities themselves reach, seen titles removed."""
    rows = viewers.collect()
    titles = {title: position for position, title in enumerate(world.title_ids.tolist())}
    rows_of = {user: row for row, user in enumerate(world.viewer_ids.tolist())}
    chances = world.oracle(np.array([rows_of[row["user_id"]] for row in rows]), day)
    for chance, row in zip(chances, rows, strict=True):
        chance[[titles[title] for title in row["title_ids"] if title in titles]] = 0.0
    best = np.argsort(-chances, axis=1, kind="stable")[:, :K]
    held_out = [{titles[title] for title in row["held_out"] if title in titles} for row in rows]
    hits = np.array([[title in wanted for title in ten] for ten, wanted in zip(best.tolist(), held_out, strict=True)])
    return float(ranking_metrics(hits, np.array([len(row["held_out"]) for row in rows]))["ndcg"].mean())


def test_als_finds_planted_tastes_between_popularity_and_the_oracle(judged: dict[str, float]) -> None:
    assert judged["popularity"] * 1.2 < judged["als"] < judged["oracle"]


def test_what_als_knows_of_a_viewer_says_nothing_of_another(judged: dict[str, float]) -> None:
    """A judge that lets the future leak in, or mixes up viewers, finds no difference."""
    assert judged["als of another viewer"] < judged["popularity"]
