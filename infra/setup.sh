#!/usr/bin/env bash
# Make .venv: the locked, hashed requirements, the project itself, and the Delta jars. Run by `make`; safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'reelhouse was not set up: %s\n' "$1" >&2; exit 1; }

[ -n "${PYTHON:-}" ] || say "there is no python3; install Python 3.11 or 3.12, or run \`make PYTHON=/path/to/python3.11\`"
"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null ||
    say "$PYTHON is no Python 3.11 or 3.12; run \`make PYTHON=/path/to/python3.11\`"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
command -v "$java" >/dev/null || say "there is no Java; install a JDK 17 or 21 (JAVA_HOME names it, if set)"
version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
case "$version" in 17 | 21) ;; *) say "$java is Java ${version:-unknown}; set JAVA_HOME to a JDK 17 or 21" ;; esac

echo "setting up .venv (a few minutes, once)"
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r infra/installer.txt
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes infra/requirements.txt
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
.venv/bin/python infra/openmp.py
.venv/bin/python infra/spark/install_jars.py
.venv/bin/python -m infra.spark.record_classes
touch .venv/ready
