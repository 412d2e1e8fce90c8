#!/bin/sh
# Check an ISMS in a CI job. All settings come from the environment, so that no text of a pull request becomes a command:
#   ISMS_WORKSPACE  folders or files, one a line (default: the current folder)
#   ISMS_FAIL_ON    major, minor, ofi or never (default: minor)
#   ISMS_SINCE      a git revision: only what was gained since then is reported
#   ISMS_BASELINE   a file of known findings
#   ISMS_STAGE, ISMS_AS_OF   as in `isms check`
#   ISMS_FORMATS    formats to write to the screen, separated by spaces (default: text)
#   ISMS_REPORTS    FORMAT=FILE, one a line
# Exits as `isms check` does: 0 clean, 1 findings, 2 bad input, 3 a defect of the program.
set -eu
set -- --fail-on "${ISMS_FAIL_ON:-minor}"
for format in ${ISMS_FORMATS:-text}; do set -- "$@" --output "$format"; done
[ -z "${ISMS_SINCE:-}" ] || set -- "$@" "--since=$ISMS_SINCE"
[ -z "${ISMS_BASELINE:-}" ] || set -- "$@" "--baseline=$ISMS_BASELINE"
[ -z "${ISMS_STAGE:-}" ] || set -- "$@" "--stage=$ISMS_STAGE"
[ -z "${ISMS_AS_OF:-}" ] || set -- "$@" "--as-of=$ISMS_AS_OF"
newline='
'
IFS=$newline
set -f
for report in ${ISMS_REPORTS:-}; do set -- "$@" --output "$report"; done
set -- "$@" --
for path in ${ISMS_WORKSPACE:-.}; do set -- "$@" "$path"; done
exec isms check "$@"
