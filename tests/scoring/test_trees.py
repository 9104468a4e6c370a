"""Trees that are asked of many rows at once say what LightGBM says."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.scoring import trees
from jobs.scoring.boosting import lightgbm
from jobs.scoring.trees import Trees


def rows(count: int, seed: int) -> NDArray[np.float32]:
    """Two features of few values, so that rows stand on thresholds, one of many, and one that is not always known."""
    rng = np.random.default_rng(seed)
    features = np.column_stack([rng.integers(-3, 4, (count, 2)), rng.normal(size=(count, 2))]).astype(np.float32)
    features[rng.random(count) < 0.2, 3] = np.nan
    return features


def learned(leaves: int, rounds: int = 20) -> str:
    features = rows(3_000, 1)
    wanted = np.nan_to_num(features[:, 3], nan=2.0) * features[:, 0] + features[:, 2]
    settings = {"num_leaves": leaves, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1, "objective": "regression"}
    data = lightgbm().Dataset(features, label=wanted)
    return str(lightgbm().train(settings, data, rounds).model_to_string())


@pytest.mark.parametrize("leaves", [2, 7, 255])
def test_say_what_lightgbm_says_to_the_last_bit(leaves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_ROWS_AT_ONCE", 300)
    text, asked = learned(leaves), rows(1_000, 2)
    asked[:100, 0] = np.nan  # known of every row that was learned from
    asked[100:200, 2] = np.inf

    expected = lightgbm().Booster(model_str=text).predict(asked, num_threads=1)

    np.testing.assert_array_equal(Trees.of(text).values(asked), expected)


def test_rows_at_a_threshold_and_beside_it_go_as_lightgbm_sends_them() -> None:
    text, asked = learned(7), rows(1_000, 3)
    for feature in range(asked.shape[1]):
        split_by = [
            np.array(threshold.split(), dtype=np.float64)[np.array(features.split(), dtype=int) == feature]
            for features, threshold in zip(
                re.findall(r"^split_feature=(.*)$", text, re.MULTILINE),
                re.findall(r"^threshold=(.*)$", text, re.MULTILINE),
                strict=True,
            )
        ]
        near = np.concatenate(split_by).astype(np.float32)
        beside = np.concatenate([near, np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))])
        # LightGBM takes what lies nearer to 0 for 0.
        beside = beside[np.abs(beside) > 2e-35]
        asked[: len(beside), feature] = beside[: len(asked)]

    expected = lightgbm().Booster(model_str=text).predict(asked, num_threads=1)

    np.testing.assert_array_equal(Trees.of(text).values(asked), expected)


def test_a_tree_without_a_split_says_the_same_of_every_row() -> None:
    data = lightgbm().Dataset(np.zeros((50, 1), dtype=np.float32), label=np.full(50, 3.0))
    text = lightgbm().train({"objective": "regression", "verbose": -1}, data, 1).model_to_string()

    expected = lightgbm().Booster(model_str=text).predict(np.ones((2, 1)), num_threads=1)
    assert Trees.of(text).values(np.ones((2, 1), dtype=np.float32)).tolist() == expected.tolist()


def test_a_tree_of_categories_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of comparisons"):
        Trees.of(learned(7).replace("num_cat=0", "num_cat=1"))
