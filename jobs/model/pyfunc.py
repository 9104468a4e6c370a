"""The first address of the loader, written into the models registered before it moved: they stay loadable."""

from jobs.tracking.loader import _load_pyfunc

__all__ = ["_load_pyfunc"]
