"""Make a home older than it is: what was written some time ago is what maintenance is about."""

import os
import re
from pathlib import Path

_MOMENT = re.compile(rb'"timestamp":(\d+)')
_DAY = 24 * 60 * 60


def age(home: Path, days: float) -> None:
    """Let everything in a home have been written and committed so many days earlier."""
    for path in sorted(home.rglob("*"), reverse=True):
        stat = path.stat()
        if path.suffix == ".json" and path.parent.name == "_delta_log":
            path.write_bytes(
                _MOMENT.sub(lambda found: b'"timestamp":%d' % (int(found[1]) - days * _DAY * 1000), path.read_bytes())
            )
        os.utime(path, (stat.st_atime - days * _DAY, stat.st_mtime - days * _DAY))
