"""`badapple submit`, `jobs` and `purge` as people and machines see them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.stand_in import StandIn
from tests.jobs.conftest import Hand

from badapple import jobs
from badapple.cli import main
from badapple.config import Settings, get_settings
from badapple.database import open_database
from badapple.jobs import orders
from badapple.models import MakeOptions


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADAPPLE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY", "REPLICATE_API_TOKEN", "BADAPPLE_MAX_COST"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def hand(settings: Settings) -> Hand:
    return Hand(open_database(settings.database_url))


@pytest.fixture
def photo(tmp_path: Path) -> str:
    Image.new("RGB", (200, 300), (170, 90, 30)).save(tmp_path / "bottle.jpg")
    return "bottle.jpg"


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(list(words)) == code, capsys.readouterr().err
    out, err = capsys.readouterr()
    return out, err


class TestSubmit:
    """`badapple submit`."""

    def test_it_prints_the_id_and_writes_a_row(
        self, settings: Settings, hand: Hand, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, err = run(
            capsys, "submit", photo, "--name", "Watch", "--style", "luxury", "--cta", "Shop", "--seed", "7", "--draft",
            "--priority", "high",
        )  # fmt: skip
        row = hand.row(out.strip())
        assert err == ""
        assert (row.status, row.engine, row.priority, row.product_name, row.cta_text) == (
            "pending", True, 1, "Watch", "Shop",
        )  # fmt: skip
        order = orders.of_row(row)
        assert (order.options.seed, order.options.canvas.width, order.options.output) == (7, 270, None)
        assert (set(order.files), order.agreed, order.quoted) == ({"photo"}, False, None)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["bottle.jpg", "cache", "data"]

    def test_json_and_an_id_of_ones_own(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        out, _ = run(capsys, "submit", "--name", "Watch", "--job-id", "mine", "--json")
        assert json.loads(out) == {"job_id": "mine"}
        _, err = run(capsys, "submit", "--name", "Watch", "--job-id", "mine", code=2)
        assert err.startswith("error: there is a job 'mine' already")

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["--name", ""], "the product name is empty"),
            (["gone.png", "--name", "X"], "no such photo: gone.png"),
            (["bad.png", "--name", "X"], "the photo 'bad.png'"),
            (["--name", "X", "--priority", "urgent"], "--priority urgent is not known"),
            (["--name", "X", "--style", "luxry"], "unknown style 'luxry'"),
            (["--name", "X", "--provider", "cloud"], "Claude was chosen, but ANTHROPIC_API_KEY is not set"),
        ],
    )
    def test_what_cannot_be_used_is_refused_and_nothing_is_queued(
        self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str], words: list[str], says: str
    ) -> None:
        Path("bad.png").write_bytes(b"\x89PNG")
        assert main(["submit", *words]) in {2, 3}
        out, err = capsys.readouterr()
        assert (out, err[: len(says) + 7]) == ("", f"error: {says}")
        assert jobs.listing(settings) == ()

    def test_keys_alone_are_no_consent(
        self, settings: Settings, hand: Hand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_0123456789")
        get_settings.cache_clear()
        out, err = run(capsys, "submit", "--name", "Watch", "--cta-by", "offline")
        assert "nothing is bought unasked" in err
        order = orders.of_row(hand.row(out.strip()))
        assert (order.options.makers.provider, order.agreed) == ("offline", False)

    def test_with_a_cap_it_is_quoted_and_agreed(
        self, settings: Settings, hand: Hand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_0123456789")
        get_settings.cache_clear()
        words = ("submit", "--name", "Watch", "--video-by", "offline", "--json")
        out, _ = run(capsys, *words, "--max-cost", "3")
        quote, said = (json.loads(line) for line in out.splitlines())
        order = orders.of_row(hand.row(said["job_id"]))
        assert (order.agreed, order.options.makers.max_cost) == (True, 3_000_000)
        assert order.quoted == round(quote["quote"]["estimate_usd"] * 1e6) > 0
        _, err = run(capsys, *words, "--max-cost", "0.001", code=5)
        assert "the cap is $0.00" in err

    @pytest.mark.parametrize(("status", "code"), [("completed", 0), ("failed", 1), ("cancelled", 1)])
    def test_following_it_to_its_end(
        self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str], status: str, code: int
    ) -> None:
        def work() -> None:
            while not jobs.listing(settings):
                time.sleep(0.02)
            hand.tell("job", "Writing", progress=5)
            hand.change("job", video_url="/ad.mp4", error_message=None if status == "completed" else "scene 2 broke")
            hand.end("job", status)

        worker = threading.Thread(target=work)
        worker.start()
        out, err = run(capsys, "submit", "--name", "Watch", "--job-id", "job", "--follow", code=code)
        worker.join()
        assert "video_gen      5 %  Writing" in err
        assert out.splitlines() == (["job", "/ad.mp4"] if status == "completed" else ["job"])
        assert ("error: scene 2 broke" in err) is (status != "completed")


class TestJobs:
    """`badapple jobs`."""

    def test_ls(self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str]) -> None:
        hand.job("a", "failed", progress=40, cost=380_000, error_message="no more credit")
        run(capsys, "submit", "--name", "Lamp", "--job-id", "b")
        run(capsys, "submit", "--name", "Chair", "--job-id", "c")
        out, _ = run(capsys, "jobs", "ls")
        assert [line.split() for line in out.splitlines()] == [
            ["c", "pending", "0", "%", "$0.00", "Chair", "1", "before", "it"],
            ["b", "pending", "0", "%", "$0.00", "Lamp", "next"],
            ["a", "failed", "40", "%", "$0.38", "Watch", "no", "more", "credit"],
        ]
        listed = json.loads(run(capsys, "jobs", "ls", "--status", "pending", "--limit", "1", "--json")[0])
        assert [(row["id"], row["position"]) for row in listed] == [("c", 1)]
        assert run(capsys, "jobs", "ls", "--before", "b")[0].startswith("a ")
        assert "is not known" in run(capsys, "jobs", "ls", "--status", "done", code=2)[1]

    def test_show(self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str]) -> None:
        hand.job("a", "failed", error_message="no", failure={"hint": "add credit"}, attempt=2)
        out, _ = run(capsys, "jobs", "show", "a")
        shown = dict(line.split("  ", 1) for line in out.splitlines() if not line.startswith(" "))
        assert {name: value.strip() for name, value in shown.items()}.items() >= {
            "status": "failed, 0 %, attempt 2", "error": "no", "hint": "add credit", "made by": "workers",
        }.items()  # fmt: skip
        assert "  script_gen   pending, 0 %" in out
        assert json.loads(run(capsys, "jobs", "show", "a", "--json")[0])["failure"] == {"hint": "add credit"}
        assert "there is no job 'x'" in run(capsys, "jobs", "show", "x", code=2)[1]

    def test_logs(self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str]) -> None:
        hand.job("a")
        hand.tell("a", "one", "two")
        out, _ = run(capsys, "jobs", "logs", "a")
        assert out.splitlines()[0] == "2026-01-01T00:00:00.000Z     1  video_gen     10 %  one"
        hand.end("a", "completed")
        lines = run(capsys, "jobs", "logs", "a", "--follow", "--after", "1", "--json")[0].splitlines()
        assert [(row["seq"], row["message"]) for row in map(json.loads, lines)] == [(2, "two"), (3, "completed")]
        assert run(capsys, "jobs", "logs", "a", "--json")[0].count("\n") == 3
        for words in ([], ["--follow"]):
            assert "there is no job 'x'" in run(capsys, "jobs", "logs", "x", *words, code=2)[1]

    def test_cancel_resume_and_retry(self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str]) -> None:
        hand.job("a", request=orders.to_json(jobs.JobOrder(product_name="Watch", style="bold")))
        assert run(capsys, "jobs", "cancel", "a")[0].startswith("a is cancelled: 0 order(s)")
        assert hand.row("a").status == "cancelled"
        _, err = run(capsys, "jobs", "retry", "a", code=2)
        assert "hint: `badapple jobs resume a` does that" in err
        assert run(capsys, "jobs", "resume", "a")[0] == "a is queued again, attempt 2\n"
        hand.end("a", "failed")
        assert run(capsys, "jobs", "retry", "a")[0] == "a is queued again, attempt 3\n"
        assert hand.row("a").status == "pending"

    def test_a_job_of_make_goes_on_in_this_terminal(
        self, settings: Settings, hand: Hand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        order = jobs.JobOrder(product_name="Watch", style="bold", options=MakeOptions(output=tmp_path / "ad.mp4"))
        hand.job("a", "failed", engine=False, request=orders.to_json(order))
        capsys.readouterr()
        assert main(["jobs", "retry", "a"], factory=StandIn) == 0
        out, err = capsys.readouterr()
        assert f"video      {tmp_path / 'ad.mp4'}" in out
        assert err.splitlines()[:2] == ["a goes on here", "Watch · bold"]


class TestPurge:
    """`badapple purge`."""

    def test_it_says_what_goes(self, settings: Settings, hand: Hand, capsys: pytest.CaptureFixture[str]) -> None:
        hand.job("a")
        hand.tell("a", "one")
        hand.end("a", "completed")
        assert run(capsys, "purge")[0].startswith("0 job(s) forgotten, with 0 event(s) and 0 file(s)")
        told = run(capsys, "purge", "--older-than", "0", "--dry-run")[0]
        assert told.startswith("1 job(s) would be forgotten, with 2 event(s)")
        body = json.loads(run(capsys, "purge", "--job", "a", "--json")[0])
        assert body == {"jobs": 1, "events": 2, "files": 0, "bytes": 0, "kept": [], "dry_run": False}
        assert jobs.listing(settings) == ()
        assert "there is no job 'a'" in run(capsys, "purge", "--job", "a", code=2)[1]
        assert "exclude each other" in run(capsys, "purge", "--job", "a", "--older-than", "1", code=2)[1]
