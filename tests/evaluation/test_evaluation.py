"""Evaluation: metrics by hand, a split that cannot see the future, and a world that knows the truth."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.evaluation.evaluation import K, evaluate, hold_out, ranking_metrics, split_by_time
from jobs.recommenders import als, popularity
from jobs.recommenders.popularity import PopularityModel
from jobs.sample_world import World, WorldParameters, write_world
from jobs.scoring.histories import collect_histories
from jobs.settings import Als

START = datetime(2026, 1, 1)


def events(spark: SparkSession, *rows: tuple[str, str, int]) -> DataFrame:
    stamped = [
        (f"e{n}", user, title, "view", START + timedelta(hours=hour)) for n, (user, title, hour) in enumerate(rows)
    ]
    return spark.createDataFrame(
        stamped, "event_id string, user_id string, title_id string, event_type string, occurred_at timestamp"
    )


def test_metrics_of_a_worked_example() -> None:
    hits = np.zeros((2, K), dtype=bool)
    hits[0, [0, 2]] = True

    found = ranking_metrics(hits, np.array([3, 20]))

    # Hits at ranks 1 and 3 of 3 relevant: DCG 1 + 1/2, ideal 1 + 1/log2(3) + 1/2; precisions there 1 and 2/3.
    assert found["ndcg"].tolist() == pytest.approx([1.5 / (1.5 + 1 / np.log2(3)), 0.0])
    assert found["precision"].tolist() == pytest.approx([0.2, 0.0])
    assert found["recall"].tolist() == pytest.approx([2 / 3, 0.0])
    assert found["map"].tolist() == pytest.approx([(1 + 2 / 3) / 3, 0.0])


def test_a_perfect_list_scores_one_even_if_more_is_relevant_than_fits() -> None:
    found = ranking_metrics(np.ones((1, K), dtype=bool), np.array([25]))

    assert (found["ndcg"][0], found["map"][0], found["recall"][0]) == (
        pytest.approx(1.0),
        pytest.approx(1.0),
        pytest.approx(0.4),
    )


def test_splits_all_viewers_at_one_moment(spark: SparkSession) -> None:
    split = split_by_time(events(spark, *(("u", f"t{n}", n) for n in range(100))), 0.1)

    last = split.train.agg(F.max("occurred_at")).first()
    first = split.test.agg(F.min("occurred_at"), F.count("*")).first()
    assert last is not None
    assert first is not None
    assert last[0] < first[0]
    assert first[1] == 10


def test_events_without_time_between_them_cannot_be_split(spark: SparkSession) -> None:
    with pytest.raises(JobError, match="spans no time"):
        split_by_time(events(spark, ("u", "a", 1), ("v", "b", 1)), 0.1)


def test_judges_only_titles_that_are_new_to_the_viewer(spark: SparkSession) -> None:
    histories = collect_histories(
        spark.createDataFrame([("u", "a", 1.0), ("v", "b", 1.0)], "user_id string, title_id string, weight double")
    )
    later = events(spark, ("u", "a", 1), ("u", "b", 1), ("v", "b", 1), ("w", "a", 1))

    viewers = hold_out(histories, later, F.lit(True))  # noqa: FBT003

    assert [(row["user_id"], row["held_out"]) for row in viewers.collect()] == [("u", ["b"])]


def test_evaluates_models_over_the_same_viewers(spark: SparkSession) -> None:
    known = [("u", "a", 1.0), ("v", "b", 1.0)]
    histories = collect_histories(spark.createDataFrame(known, "user_id string, title_id string, weight double"))
    viewers = hold_out(histories, events(spark, ("u", "b", 1), ("v", "unheard of", 1)), F.lit(True))  # noqa: FBT003
    model = PopularityModel(pa.array(["a", "b"]), np.array([[2], [1]], np.float32))

    found = evaluate({"popular": model}, viewers)

    # u is given b, which is right; v is given a, which is not.
    assert found["popular"]["ndcg"] == pytest.approx(0.5)
    assert found["popular"]["precision"] == pytest.approx(0.05)
    assert (found["popular"]["coverage"], found["popular"]["viewers"]) == (1.0, 2.0)


def test_nobody_to_judge_on_is_said_in_one_line(spark: SparkSession) -> None:
    histories = collect_histories(
        spark.createDataFrame([("u", "a", 1.0)], "user_id string, title_id string, weight double")
    )
    viewers = hold_out(histories, events(spark, ("u", "a", 1)), F.lit(True))  # noqa: FBT003

    with pytest.raises(JobError, match="no viewer liked a new title"):
        evaluate({"popular": PopularityModel(pa.array(["a"]), np.ones((1, 1), np.float32))}, viewers)


def judge_world(spark: SparkSession, landing: Path, tastes: bool) -> dict[str, float]:
    """nDCG@10 of ALS, of the best popularity and of the planted oracle, on the last six of forty days."""
    parameters = WorldParameters(viewers=500, titles=400, events_per_day=1500, days=40, tastes=tastes, seed=11)
    write_world(landing, parameters, parameters.last_day)
    cutoff = datetime.combine(parameters.first_day + timedelta(days=34), time(), tzinfo=UTC)
    views = (
        spark.read.json(str(landing / "interactions" / "*" / "events.jsonl.gz"))
        .where((F.col("event_type") == "view") & F.col("title_id").startswith("tt"))
        .select("user_id", "title_id", F.col("occurred_at").cast("timestamp").alias("occurred_at"))
        .persist()
    )
    train, test = views.where(F.col("occurred_at") < F.lit(cutoff)), views.where(F.col("occurred_at") >= F.lit(cutoff))
    known = train.select("user_id", "title_id", F.lit(1.0).alias("weight")).distinct().persist()
    viewers = hold_out(collect_histories(known), test, F.lit(True)).persist()  # noqa: FBT003
    baselines = popularity.fit(train, cutoff)
    judged = evaluate(
        {"als": als.fit(known, Als(rank=24, reg_param=0.1, alpha=2.0, iterations=8), 2), **baselines}, viewers
    )
    return {
        "als": judged["als"]["ndcg"],
        "popularity": max(judged[name]["ndcg"] for name in baselines),
        "oracle": oracle_ndcg(World(parameters), viewers, cutoff.date()),
    }


def oracle_ndcg(world: World, viewers: DataFrame, day: date) -> float:
    """What the planted probabilities themselves reach, seen titles removed."""
    rows = viewers.collect()
    titles = {title: place for place, title in enumerate(world.title_ids.tolist())}
    places = {user: place for place, user in enumerate(world.viewer_ids.tolist())}
    chances = world.oracle(np.array([places[row["user_id"]] for row in rows]), day)
    for chance, row in zip(chances, rows, strict=True):
        chance[[titles[title] for title in row["title_ids"] if title in titles]] = 0.0
    best = np.argsort(-chances, axis=1, kind="stable")[:, :K]
    held_out = [{titles[title] for title in row["held_out"] if title in titles} for row in rows]
    hits = np.array([[place in wanted for place in ten] for ten, wanted in zip(best.tolist(), held_out, strict=True)])
    return float(ranking_metrics(hits, np.array([len(row["held_out"]) for row in rows]))["ndcg"].mean())


def test_als_finds_planted_tastes_between_popularity_and_the_oracle(spark: SparkSession, tmp_path: Path) -> None:
    found = judge_world(spark, tmp_path, tastes=True)

    assert found["popularity"] * 1.2 < found["als"] < found["oracle"]


def test_als_does_not_beat_popularity_where_nobody_has_a_taste(spark: SparkSession, tmp_path: Path) -> None:
    found = judge_world(spark, tmp_path, tastes=False)

    assert found["als"] <= found["popularity"] < found["oracle"] * 1.1
