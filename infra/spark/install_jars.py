"""Put the Delta jars beside PySpark's own, where every session, spark-submit and server finds them.

Spark's own Ivy resolves them, once; what it brings must have the hashes of jars.sha256.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
COORDINATE = "io.delta:delta-spark_4.1_2.13:4.4.0"


def main() -> int:
    """Install the jars that are missing or differ; 0 if all are there in the end."""
    wanted = dict(reversed(line.split()) for line in (HERE / "jars.sha256").read_text(encoding="utf-8").splitlines())
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        print("the Delta jars were not installed: PySpark is not there", file=sys.stderr)  # noqa: T201
        return 1
    jars = Path(spec.origin).parent / "jars"
    if all(_sha256(jars / name) == sha256 for name, sha256 in wanted.items()):
        return 0
    with tempfile.TemporaryDirectory() as ivy:
        resolved = _resolve(Path(ivy), jars.parent)
        by_hash = {_sha256(jar): jar for jar in (Path(ivy) / "jars").glob("*.jar")}
        missing = [name for name, sha256 in wanted.items() if sha256 not in by_hash]
        if missing:
            print(  # noqa: T201
                f"the Delta jars were not installed: {', '.join(missing)} could not be resolved, or differ from their hashes; "
                f"Spark said: {' '.join(resolved.split()[-60:])}",
                file=sys.stderr,
            )
            return 1
        for name, sha256 in wanted.items():
            shutil.copy2(by_hash[sha256], jars / name)
    return 0


def _resolve(ivy: Path, spark_home: Path) -> str:
    """Let spark-submit resolve the packages for an application that does nothing; what it said."""
    nothing = ivy / "nothing.py"
    nothing.write_text("", encoding="utf-8")
    submit = spark_home / "bin" / "spark-submit"
    done = subprocess.run(
        [str(submit), "--packages", COORDINATE, "--conf", f"spark.jars.ivy={ivy}", str(nothing)],
        # python3 of the PATH need not be ours, and spark-submit would ask it where Spark is.
        env=os.environ | {"SPARK_HOME": str(spark_home), "PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def _sha256(path: Path) -> str:
    """Hex digest of a file; empty for none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
