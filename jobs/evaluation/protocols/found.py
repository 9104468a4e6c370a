"""The protocols by the names that the command line gives them."""

from typing import cast

from jobs.errors import JobError, nearest
from jobs.evaluation.protocols import (
    kfold_rating,
    liang_strong,
    msr_stratified,
    ncf_100neg,
    replay_time,
    temporal,
)
from jobs.evaluation.protocols.rules import EvaluationProtocol

DEFAULT = "temporal"
PROTOCOLS = {
    module.__name__.rpartition(".")[2].replace("_", "-"): cast("EvaluationProtocol", module)
    for module in (temporal, msr_stratified, replay_time, liang_strong, ncf_100neg, kfold_rating)
}


def find(name: str) -> EvaluationProtocol:
    """The protocol of a name; hyphens and underscores are the same.

    Raises:
        JobError: There is none of this name.
    """
    asked = name.replace("_", "-")
    if asked not in PROTOCOLS:
        meant = nearest(asked, PROTOCOLS) or next((known for known in PROTOCOLS if known.startswith(asked)), None)
        raise JobError(
            f"there is no protocol {name}; {f'did you mean {meant}? ' if meant else ''}it is one of {', '.join(PROTOCOLS)}"
        )
    return PROTOCOLS[asked]
