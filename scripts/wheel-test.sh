#!/bin/sh
# Install a wheel into a clean environment outside the repository and use it there. Usage: wheel-test.sh WHEEL
set -eu
wheel=$(realpath "$1")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
${PYTHON:-python3} -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel[api]"
cd "$place"
data=$("$place/venv/bin/python" -c 'from isms_graph.resources import folder; print(folder("data"))')
case $data in "$place"/*) ;; *) echo "the wheel does not carry its data: $data"; exit 1 ;; esac
cp -r "$data/harbour-saas" harbour
venv/bin/isms check harbour
venv/bin/isms impact "EU data residency" harbour >impact.txt
venv/bin/isms explain risk-without-owner >explain.txt
venv/bin/isms query risks-not-reviewed harbour --param months=24 >query.txt
venv/bin/isms status harbour >status.txt
venv/bin/isms map harbour --output svg=map.svg
venv/bin/python -c 'from isms_graph.api import create_app; from isms_graph import load; create_app(load("harbour"))'
for file in impact.txt explain.txt query.txt status.txt map.svg; do [ -s "$file" ] || { echo "$file is empty"; exit 1; }; done
echo "The wheel works outside the repository."
