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
venv/bin/isms init begun --name "Acme Ltd" --headcount 30 --sector software
venv/bin/isms check begun --stage stage1 --order phase --fail-on never >begun.txt
venv/bin/isms export soa harbour >soa.html
venv/bin/isms oscal export oscal harbour >oscal.txt
(cd oscal && sha256sum --quiet -c SHA256SUMS)
venv/bin/isms serve harbour --port 0 >serve.txt &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT
for _ in $(seq 100); do grep -q "SPARQL is at" serve.txt && break; sleep 0.2; done
url=$(grep -o 'http://[^ ]*' serve.txt)
venv/bin/python - "$url" <<'EOF'
import sys, urllib.parse, urllib.request
query = urllib.parse.urlencode({"query": "SELECT ?risk { ?risk a isms:Risk }", "format": "csv"})
rows = urllib.request.urlopen(f"{sys.argv[1]}sparql?{query}").read().splitlines()
assert len(rows) > 20, rows
EOF
kill "$server"
for file in impact.txt explain.txt query.txt status.txt map.svg begun.txt soa.html oscal.txt; do [ -s "$file" ] || { echo "$file is empty"; exit 1; }; done
echo "The wheel works outside the repository."
