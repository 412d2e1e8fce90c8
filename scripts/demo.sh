#!/bin/sh
# What isms-graph does, on the demonstration organisation: run by `make demo`.
set -u
say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || say() { printf '\n%s\n' "$1"; }

say '$ isms check data/harbour-saas'
isms check data/harbour-saas || exit 1

say '$ isms check data/harbour-neglected     (the same company two years later; beginning and end of the report)'
isms check data/harbour-neglected >"${TMPDIR:-/tmp}/isms-demo.$$"
found=$?
head -n 40 "${TMPDIR:-/tmp}/isms-demo.$$"
echo '[...]'
tail -n 4 "${TMPDIR:-/tmp}/isms-demo.$$"
rm -f "${TMPDIR:-/tmp}/isms-demo.$$"
[ "$found" = 1 ] || { echo "the neglected organisation should have findings, exit code $found"; exit 1; }

say 'A customer now demands data residency in the EU: what does this affect?'
say '$ isms impact "EU data residency" data/harbour-saas'
isms impact "EU data residency" data/harbour-saas || exit 1

say 'More: isms status data/harbour-saas, isms map data/harbour-saas --output svg=map.svg, isms explain --list, isms query --list'
