"""The sample world: a believable catalogue and its viewers' event logs, drawn from planted tastes."""

from jobs.landing.world.parameters import WorldParameters, last_day, load_parameters
from jobs.landing.world.world import World, write_world

__all__ = ["World", "WorldParameters", "last_day", "load_parameters", "write_world"]
