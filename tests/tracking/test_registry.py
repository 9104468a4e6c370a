"""The door to MLflow: one run a training, one champion, and a home that can be moved."""

import io
import pickle
import pickletools
import shutil
from datetime import date
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from jobs import recommenders
from jobs.errors import GoneError, JobError
from jobs.recommenders.als import Model
from jobs.runs import resets
from jobs.settings import Settings
from jobs.tracking import registry, runs, versions
from jobs.version import code_hash
from tests.tracking.registered import MODEL, NIGHT, register


def test_there_is_no_champion_before_the_first_training(settings: Settings) -> None:
    assert registry.champion(settings) is None
    with pytest.raises(JobError, match="no lists were made: .* run `reelhouse run model.champion`"):
        registry.require_champion(settings)


def test_a_version_that_is_not_registered_is_gone(settings: Settings, tmp_path: Path) -> None:
    register(settings, tmp_path / "model")

    assert recommenders.load(registry.kept_folder(settings, 1)).title_ids == MODEL.title_ids
    with pytest.raises(GoneError, match="reelhouse version 7 is not registered any more"):
        registry.kept_folder(settings, 7)


def test_a_training_is_one_run_with_its_inputs_and_the_newest_is_champion(settings: Settings, tmp_path: Path) -> None:
    register(settings, tmp_path / "model")
    second = register(settings, tmp_path / "model", date(2026, 3, 2))

    champion = registry.champion(settings)

    assert champion is not None
    assert (champion.version, champion.night, champion.inputs) == (2, date(2026, 3, 2), {"silver.interactions": 7})
    assert champion.metrics["ndcg_at_10"] == 0.25
    assert (champion.recommender, champion.parameters, champion.popularity) == ("als", {"rank": 3}, "recent")
    assert champion.settings == runs.shaping(settings)
    assert champion.code == code_hash()
    assert champion == second
    run = mlflow.get_run(second.run_id)
    assert run.inputs is not None
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("silver.interactions", "v7")
    assert '"delta_table_version": 7' in used.dataset.source
    assert run.data.tags["night"] == "2026-03-02"
    assert run.data.tags["code_version"]


def test_two_stores_in_one_process_do_not_mix(settings: Settings, tmp_path: Path) -> None:
    other = Settings(home=tmp_path / "other")
    for home in (settings, other, settings):
        register(home, tmp_path / "model")

    champions = [registry.require_champion(home) for home in (settings, other)]

    assert [champion.version for champion in champions] == [2, 1]
    assert len({champion.run_id for champion in champions}) == 2


def test_the_champion_goes_back_to_a_night_past_what_was_undone(settings: Settings, tmp_path: Path) -> None:
    for day in (1, 3):
        register(settings, tmp_path / "model", date(2026, 3, day))
    planned = resets.plan(settings, "model.champion", NIGHT, downstream=False)

    done = list(resets.apply(settings, planned.steps, "test"))

    assert done == ["model.champion  serves registered version 1"]
    champion = registry.require_champion(settings)
    assert (champion.version, champion.night) == (1, NIGHT)
    assert resets.plan(settings, "model.champion", NIGHT, downstream=False).steps == ()
    register(settings, tmp_path / "model", date(2026, 3, 4))
    assert registry.trained_by(settings, date(2026, 3, 3)) == 1, "version 2 was undone"
    with pytest.raises(JobError, match="model.champion was not reset: none was trained for 2026-02-28 or before"):
        resets.plan(settings, "model.champion", date(2026, 2, 28), downstream=False)


def test_models_stay_loadable_when_the_home_is_moved(settings: Settings, tmp_path: Path) -> None:
    register(settings, tmp_path / "model")
    moved = Settings(home=tmp_path / "elsewhere")
    shutil.move(settings.root, moved.root)

    champion = registry.require_champion(moved)
    loaded = recommenders.load(registry.model_folder(moved, champion.version))

    assert isinstance(loaded, Model)
    assert loaded.title_ids == MODEL.title_ids
    np.testing.assert_array_equal(loaded.factors, MODEL.factors)


def test_files_of_versions_that_serve_wait_or_may_come_back_are_kept(settings: Settings, tmp_path: Path) -> None:
    judged = tmp_path / "files" / "judged"
    judged.mkdir(parents=True)
    (judged / "factors.npy").write_bytes(b"")
    kept = []
    for day in range(1, 8):
        circumstances = runs.Circumstances(date(2026, 3, day), "als", {}, {}, {})
        with runs.training(settings, circumstances) as run_id:
            runs.log_results(settings, run_id, {}, {}, judged.parent)
        waits = day == 2
        said = {"verdict": "waits" if waits else "promoted"}
        registry.register(
            settings, runs.Logged(run_id, f"runs:/{run_id}/als", circumstances, {}, said), serves=not waits
        )
        kept.append(run_id)

    for _ in range(2):
        runs.drop_files(settings, versions.retired(settings), "judged")

    has = [runs.fetch_files(settings, run_id, "judged", tmp_path / run_id) is not None for run_id in kept]
    assert has == [False, True, False, True, True, True, True], "the second waits, the seventh serves"

    store = runs.client(settings)
    copied = store.copy_model_version(f"models:/{registry.MODEL_NAME}/4", registry.MODEL_NAME)
    store.set_registered_model_alias(registry.MODEL_NAME, "champion", copied.version)
    assert kept[3] not in versions.retired(settings), "a copy of the fourth serves"


def test_mlflow_loads_the_registered_model_by_its_alias(settings: Settings, tmp_path: Path) -> None:
    register(settings, tmp_path / "model")

    model = mlflow.pyfunc.load_model(f"models:/{registry.MODEL_NAME}@champion")
    lists = model.predict(pd.DataFrame({"user_id": ["v", "u"], "title_id": ["b", "a"], "weight": [1.0, 1.0]}))

    assert lists.loc[lists["user_id"] == "u", "title_id"].tolist() == ["b", "c"]
    assert lists["user_id"].tolist() == ["u", "u", "v", "v"]
    assert lists["rank"].tolist() == [1, 2, 1, 2]


def test_nothing_in_the_store_is_pickled_or_names_a_folder_of_this_machine(settings: Settings, tmp_path: Path) -> None:
    register(settings, tmp_path / "model")
    artifacts = [file for file in (settings.root / "mlflow" / "artifacts").rglob("*") if file.is_file()]

    assert {"factors.npy", "titles.json", "recommender.json", "MLmodel"} <= {file.name for file in artifacts}
    for file in artifacts:
        assert not is_pickled(file.read_bytes()), file
        assert str(tmp_path).encode() not in file.read_bytes(), file


def test_a_pickle_is_told_whatever_it_is_called(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))

    assert is_pickled(pickle.dumps(MODEL.parameters))
    assert is_pickled((tmp_path / "objects.npy").read_bytes())
    assert not is_pickled(b'{"rank": 3}')


def is_pickled(content: bytes) -> bool:
    """Whether bytes are a pickle, by themselves or behind NumPy's header; never by loading one."""
    if content.startswith(b"\x93NUMPY"):
        try:
            np.load(io.BytesIO(content), allow_pickle=False)
        except ValueError:
            return True
        return False
    try:
        return any(operation.name == "STOP" for operation, _, _ in pickletools.genops(content))
    except (ValueError, UnicodeDecodeError):
        return False
