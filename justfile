# Short names for what people do here; `just` alone lists them.
_list:
    @just --list --unsorted

# Everything that continuous integration checks
check *words:
    ./test {{ words }}

# An ad from the photo in examples/
demo *words:
    ./demo {{ words }}

# The studio's scripts, from frontend/ into the package (docs/studio.md)
studio:
    tools/build_studio.sh

# The studio in Chromium against real servers and real drafts (`--shots FOLDER` keeps pictures of all pages)
studio-tests *words:
    ./test tests/studio/browser tests/studio/test_browser.py -m "browser or not browser" -p no:randomly {{ words }}

# How heavy and how quick the studio's pages are, and what Lighthouse says of them
studio-measures *words:
    .venv/bin/python -m tools.studio_measures {{ words }}

# Style and floors
lint:
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/lint-imports

# Types
types:
    .venv/bin/mypy

# Only the tests
test *words:
    ./test -n 2 {{ words }}

# Proofs that take long, left out above
long *words:
    ./test -n 2 -m long {{ words }}

# Tests with branch coverage; the report goes to htmlcov/
cov:
    ./test -n 2 --cov=badapple --cov-branch --cov-report=term:skip-covered --cov-report=html

# Time and memory of a whole ad against a bare encode
bench *words:
    .venv/bin/python bench/make.py {{ words }}

# Kill an ad at random moments and go on
kill *words:
    .venv/bin/python bench/kill.py {{ words }}

# Kill a paying job at 600 system calls and compare ledgers (needs strace and the right to trace)
chaos-pay *words:
    .venv/bin/python bench/chaos_pay.py {{ words }}

# A thousand jobs on four workers while things break (some scenarios need root, or faketime)
chaos-jobs *words:
    .venv/bin/python -m bench.chaos_jobs {{ words }}

# A hundred thousand mutants of photos, clips and music through the doors that take them in
chaos-files *words:
    .venv/bin/python -m bench.chaos_files {{ words }}

# Two hosts in network namespaces, one of them cut off in the middle of a job (needs root and iproute2)
two-hosts *words:
    .venv/bin/python -m bench.two_hosts {{ words }}

# What the engine costs a job; jobs a second, memory and threads of workers
scale *words:
    .venv/bin/python -m bench.scale {{ words }}

# Ten thousand WebSockets: how late messages are, what a socket costs (`--dead 200`: some that never read)
live *words:
    .venv/bin/python -m bench.live {{ words }}

# Ten thousand jobs an hour, simulated with measured costs
plan *words:
    .venv/bin/python -m bench.plan {{ words }}

# An ad by simulated vendors against its critical path, and against one call at a time
bench-cloud *words:
    .venv/bin/python bench/cloud.py {{ words }}

# Sixty requests of each kind that the OpenAPI document knows, with what follows from each (FUZZ_EXAMPLES, FUZZ_SEED)
fuzz-api *words:
    .venv/bin/pytest tests/api/test_fuzz.py -m long -s -q {{ words }}

# Change the rooms that handle money bit by bit; every change should fail a test (needs mutmut)
mutate *words:
    tools/mutate.sh {{ words }}

# Stills of every style on one sheet
sheet *words:
    .venv/bin/python tools/contact_sheet.py {{ words }}

# Transcribe the finished mix and count the words misheard
listen *words:
    .venv/bin/python tools/listen.py {{ words }}

# The two README commands in a minimal Debian, made with debootstrap (needs root)
bare *words:
    tools/bare.sh {{ words }}

# The built wheel alone in an empty environment makes an ad (`dist` as a word keeps the wheel there)
wheel *words:
    tools/wheel.sh {{ words }}

# What the migrations make of an empty SQLite file, for new files to be made from
sqlite-tables:
    .venv/bin/python tools/sqlite_tables.py

# Pin all dependencies anew (needs uv)
lock *words:
    tools/lock {{ words }}
