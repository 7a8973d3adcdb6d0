# Sourced by ./demo, ./test and others. `setup run` or `setup dev` makes .venv hold what the lock names, and badapple
# itself. POSIX sh; needs only python3 with venv.

say() { printf '%s\n' "$*"; }

give_up() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 3
}

# Prints the first Python of a fitting version; PYTHON names one of your own.
find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

no_python() {
    found=$(python3 --version 2>/dev/null || echo 'no python3')
    give_up "badapple needs Python 3.11, 3.12 or 3.13; here is $found" \
        "on Debian or Ubuntu: apt install python3 python3-venv; or name one: PYTHON=/path/to/python3.12 $0"
}

make_venv() {
    python=$(find_python) || no_python
    say "Making a Python environment in .venv ($("$python" --version))"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        give_up "this Python has no venv module" "on Debian or Ubuntu: apt install python3-venv"
    "$python" -m venv .venv || give_up ".venv could not be made" "look at the lines above; is the disk full?"
}

pip() {
    .venv/bin/python -m pip --quiet --disable-pip-version-check --no-input "$@"
}

setup() {
    kind=$1
    lock=requirements.lock
    [ "$kind" = run ] || lock=requirements-dev.lock
    # The stamp says what the environment was made from, and where: an environment does not survive being moved.
    stamp="$(cat "$lock" pyproject.toml | cksum) $PWD"
    if [ "$(cat ".venv/.made-for-$kind" 2>/dev/null)" = "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
    rm -f .venv/.made-for-*
    say "Installing $(grep -c '==' "$lock") packages, each checked against its hash (a few minutes the first time)"
    # The list is complete: there is nothing to resolve.
    pip install --no-deps --require-hashes -r "$lock" ||
        give_up "the packages could not be installed" "is there a network, and room on the disk? Running this again goes on"
    pip install --no-deps --no-build-isolation --no-index --editable . ||
        give_up "badapple itself could not be installed" "look at the lines above"
    printf '%s\n' "$stamp" >".venv/.made-for-$kind"
    # What the tests need includes what badapple needs, in the same versions.
    [ "$kind" = run ] || printf '%s\n' "$(cat requirements.lock pyproject.toml | cksum) $PWD" >.venv/.made-for-run
}

# Nothing here may buy anything, whatever the shell has been given.
forget_keys() {
    unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ELEVENLABS_API_KEY ELEVEN_API_KEY REPLICATE_API_TOKEN \
        REPLICATE_API_KEY OPENAI_API_KEY BADAPPLE_DATABASE_URL DATABASE_URL REDIS_URL
}
