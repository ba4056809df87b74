#!/bin/sh
# Make the virtual environment that the Makefile uses: exactly what requirements.lock names, and this project.
# PYTHON names the interpreter; without it the first one that is new enough is taken.
set -eu
venv=$1

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    fail "Python 3.11 or newer is needed, and ${PYTHON:-none of python3, python3.11 … python3.14} is not it." \
        "Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or name one:" \
        "  make PYTHON=/path/to/python3.12 demo"
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    fail "$python has no venv module, so no environment can be made for this project. Install it:" \
        "  Debian, Ubuntu: apt install python$version-venv" \
        "or name another interpreter: make PYTHON=/path/to/python3.12 demo"
fi

trap 'echo "Interrupted; the same command goes on where this one stopped." >&2; exit 130' INT TERM HUP
quiet=--quiet
if [ -t 1 ]; then quiet=; fi

echo "Installing $(grep -c '^[a-z0-9].*==' requirements.lock) Python packages into $venv, once (about 250 MB) …"
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$venv"
fi
pip="$venv/bin/python -m pip --disable-pip-version-check install $quiet"
if ! $pip --no-deps --require-hashes --requirement requirements.lock || ! $pip --no-deps --no-build-isolation --editable .; then
    fail "The Python packages could not be installed; pip says why above. Most often the network or the disk is the" \
        "reason: mend that and run the same command again."
fi
touch "$venv/installed"
