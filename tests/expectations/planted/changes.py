"""Planted rows of gold: what changed in viewers' lists, and why."""

from datetime import date

from tests.expectations.planted.planted import Planted

_BEFORE, _NIGHT = date(2026, 2, 28), date(2026, 3, 1)
_SHARES = dict.fromkeys(("overlap", "rbo"), (-0.01, 1.01))

CHANGES = {
    "gold.recommendation_changes": Planted(
        row={
            "night": _NIGHT, "night_before": _BEFORE, "user_id": "u1", "state": "both", "segment": "light",
            "overlap": 0.5, "rbo": 0.4, "entering_title_ids": ["tt0111161"], "leaving_title_ids": ["tt0068646"],
            "listed_count": 2, "listed_before_count": 2, "personal_count": 1, "segment_count": 1, "popular_count": 0,
            "model_version": 2, "model_version_before": 1,
        },
        breaks={
            "state:be_in_set": ("Both", "stayed"),
            "segment:be_in_set": ("warm", ""),
            **{f"{column}:be_between": values for column, values in _SHARES.items()},
            **{
                f"{counted}_count:be_between": (-1,)
                for counted in ("listed", "listed_before", "personal", "segment", "popular")
            },
        },
        keeps={
            "state": ("new", "gone"), "segment": ("cold", "heavy"), "overlap": (0.0, 1.0, None), "rbo": (0.0, 1.0, None),
            "listed_count": (0,), "listed_before_count": (0,),
        },
        tables={
            "the night before is an earlier one": ({"night_before": _NIGHT},),
            "who had a list in both nights has an overlap, and nobody else": ({"state": "new"},),
            "every title of a list has a source": ({"popular_count": 1},),
        },
    ),
    "gold.recommendation_change_causes": Planted(
        row={
            "night": _NIGHT, "night_before": _BEFORE, "cause": "data", "is_changed": True, "was": "silver.preferences v1",
            "became": "silver.preferences v2", "share": 0.1, "total": 0.2, "rbo_share": 0.15, "rbo_total": 0.3,
            "viewer_count": 1000,
        },
        breaks={
            "cause:be_in_set": ("Data", "weather"),
            **{f"{part}:be_between": (-1.1, 1.1) for part in ("share", "rbo_share")},
            **{f"{whole}:be_between": (-0.1, 1.1) for whole in ("total", "rbo_total")},
            "viewer_count:be_between": (0, 1001),
        },
        keeps={
            "cause": ("model", "rules", "code"), "share": (-1.0, 1.0), "rbo_share": (-1.0, 1.0), "total": (0.0, 1.0),
            "rbo_total": (0.0, 1.0), "viewer_count": (1,),
        },
        tables={"the shares of a night add up to the whole": ({},)},
    ),
}  # fmt: skip
