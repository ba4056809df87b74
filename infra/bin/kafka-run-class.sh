#!/bin/sh
# Run a class of Kafka over the local jars: what the wrappers beside this file do, each with its own class.
here=$(dirname "$(readlink -f "$0")")
root=$(dirname "$(dirname "$here")")
for python in "$root/.venv/bin/python" "$root/../../../bin/python" "${VIRTUAL_ENV:-/nowhere}/bin/python"; do
    if [ -x "$python" ]; then
        PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "$python" -m infra.local.console "$@"
    fi
done
echo "Kafka's tools need the Python environment of this project, which is not there yet. Make it with: make up" >&2
exit 3
