#!/bin/sh
# Make the virtual environment that the Makefile uses: exactly what a lock names, and this project.
# Nothing is resolved and nothing is built, so what was released since has no say. PYTHON names the interpreter; without
# it the first one that is new enough is taken.
set -eu
venv=$1 lock=$2
begun=$(date +%s)

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

# Print the lock's lines of uv alone (1), or all others (0).
lines_of_uv() {
    awk -v wanted="$1" '/^[a-z0-9]/ { uv = /^uv==/ } uv == wanted' "$lock"
}

by_uv() {
    uv=$venv/bin/uv
    if ! "$uv" --version >/dev/null 2>&1; then
        lines_of_uv 1 >"$venv/uv.txt"
        $pip install --quiet $exactly --requirement "$venv/uv.txt" && "$uv" --version >/dev/null || return
    fi
    told=${PIP_INDEX_URL:-$($pip config get global.index-url 2>/dev/null)}
    if [ -n "$told" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$told}"; fi # a mirror that only pip knows
    install="$uv pip install $quiet --python $venv/bin/python"
    $install $exactly --requirement "$lock" && $install $ourselves && "$uv" pip check --quiet --python "$venv/bin/python"
}

by_pip() {
    lines_of_uv 0 >"$venv/others.txt"
    $pip install $quiet $exactly --requirement "$venv/others.txt" && $pip install $quiet $ourselves && $pip check
}

quiet=--quiet
if [ -t 2 ]; then quiet=; fi # on a terminal uv and pip show how far they are
pip="$venv/bin/python -m pip --disable-pip-version-check"
exactly="--no-deps --require-hashes --only-binary :all:"
ourselves="--no-deps --no-build-isolation --editable ."

echo "Installing the $(grep -c '^[a-z0-9].*==' "$lock") Python packages of $lock into $venv …"
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$venv"
fi
if ! by_uv; then
    echo "uv could not install them, for the reason above; pip does it instead, which takes a minute …" >&2
    by_pip || fail "The Python packages could not be installed; pip says why above. Most often the network or the disk" \
        "is the reason: mend that and run the same command again."
fi
echo "$venv has $(($(du -sk "$venv" | cut -f1) / 1024)) MB, after $(($(date +%s) - begun)) s."
