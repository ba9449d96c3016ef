#!/usr/bin/env bash
# Make the virtual environment and install requirement files into it, then this checkout itself.
# VENV=dir (.venv), PYTHON=interpreter (python3). Uses uv where it can be had, else pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
VENV=${VENV:-.venv}
PYTHON=${PYTHON:-python3}

if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "karmada needs Python 3.11 or newer; $PYTHON is not. Set PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if [ ! -x "$VENV/bin/python" ]; then
  echo "==> creating $VENV"
  "$PYTHON" -m venv "$VENV" || { echo "could not create $VENV: is the venv module installed (python3-venv)?" >&2; exit 1; }
fi
if [ ! -x "$VENV/bin/uv" ]; then
  "$VENV/bin/pip" install -q --disable-pip-version-check uv==0.13.9 || echo "==> no uv, going on with pip"
fi
arguments=()
for file in "$@"; do arguments+=(-r "$file"); done
echo "==> installing $*"
if [ -x "$VENV/bin/uv" ]; then
  "$VENV/bin/uv" pip install -q --python "$VENV/bin/python" "${arguments[@]}" -e .
else
  "$VENV/bin/pip" install -q --disable-pip-version-check "${arguments[@]}" -e .
fi
