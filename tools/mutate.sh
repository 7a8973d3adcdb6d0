#!/bin/sh
# Changes the rooms that handle money bit by bit, one change a run of the tests, and says how many changes were noticed.
# A word picks a room: journal, costs, limits or line (with the breaker); no word takes all. JOBS says how many run at
# once. What survived: `.venv/bin/mutmut results`, then `.venv/bin/mutmut show NAME`.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}

"$python" -c 'import mutmut' 2>/dev/null || {
    echo "error: mutmut is not installed; $python -m pip install 'mutmut>=3.8,<4' does it" >&2
    exit 3
}
[ $# -gt 0 ] || set -- journal costs limits line

names() {
    case $1 in
    journal | costs | limits) echo "badapple.$1.*" ;;
    line) echo "badapple.providers.line.* badapple.providers.breaker.*" ;;
    *) echo "error: no room is called $1; there are journal, costs, limits and line" >&2; exit 2 ;;
    esac
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for room in "$@"; do
    patterns=$(names "$room")
    # shellcheck disable=SC2086 - one word a pattern
    (set -f; "$python" -m mutmut run --max-children "${JOBS:-2}" $patterns >"$log" 2>&1) || {
        tail -20 "$log" >&2
        exit 1
    }
done

printf '%-10s %8s %8s %9s %8s %6s\n' room mutants killed survived timeout '%'
for room in "$@"; do
    "$python" -m mutmut results --all true | awk -v room="$room" -v names="$(names "$room")" '
        BEGIN { gsub(/\*/, "", names); many = split(names, name, " ") }
        { for (one = 1; one <= many; one++) if (index($1, name[one]) == 1) { all++; count[$NF]++ } }
        END {
            seen = count["killed"] + count["timeout"]
            printf "%-10s %8d %8d %9d %8d %6.1f\n", room, all, count["killed"], all - seen, count["timeout"],
                all ? 100 * seen / all : 0
        }'
done
