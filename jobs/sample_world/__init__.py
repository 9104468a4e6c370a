"""The sample world: a believable catalogue and its viewers' event logs, drawn from planted tastes."""

from jobs.sample_world.parameters import WorldParameters, last_day, load_parameters
from jobs.sample_world.world import World, write_world

__all__ = ["World", "WorldParameters", "last_day", "load_parameters", "write_world"]
