"""Figures that others published, by protocol and set: never compared across protocols.

Sources: Microsoft Recommenders' benchmark table; RePlay's benchmark of MovieLens 1m; Liang et al. (2018), Shenbin et al.
(2020) and Steck (2019); Rendle et al. (2022) and Anelli et al. (2022); Surprise's documentation.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """What somebody measured."""

    model: str
    metrics: dict[str, float]


def rows(protocol: str, data: str) -> list[Row]:
    """Published figures of a protocol on some data; none where nobody published any.

    Args:
        protocol: Its name, as ``replay-time``.
        data: The name of the data, as ``MovieLens 1m``.
    """
    held = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return [Row(model, metrics) for model, metrics in held.get(protocol, {}).get(data, [])]
