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
for room in "$@"; do
    patterns=$(names "$room")
    # shellcheck disable=SC2086 - one word a pattern
    (set -f; "$python" -m mutmut run --max-children "${JOBS:-2}" $patterns >"mutants-$room.log" 2>&1) || {
        tail -20 "mutants-$room.log" >&2
        exit 1
    }
    rm -f "mutants-$room.log"
done

printf '%-10s %8s %8s %9s %8s %6s\n' room mutants killed survived timeout '%'
for room in "$@"; do
    what=$(names "$room" | sed 's/\.\*//g; s/\./\\./g; s/ /|/')
    "$python" -m mutmut results --all true | awk -v room="$room" -v what="^ *($what)\\\\." '
        $0 ~ what { all++; count[$NF]++ }
        END {
            printf "%-10s %8d %8d %9d %8d %6.1f\n", room, all, count["killed"], all - count["killed"] - count["timeout"],
                count["timeout"], all ? 100 * (count["killed"] + count["timeout"]) / all : 0
        }'
done
