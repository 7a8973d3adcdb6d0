"""What `badapple doctor` looks at."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from badapple.config import SecretsFile, get_settings
from badapple.errors import BadappleError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from badapple.config import Settings

_DISK_LOW = 1_000_000_000  #: bytes free under which a warning is due
_DISK_FULL = 100_000_000
_MEMORY_LOW = 1_500_000_000
_SHARED_LOW = 256_000_000
_WEIGHTS = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found, and what to do about it where something is to be done."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


def examine(*, live: bool = False) -> Iterator[Finding]:
    """Run every check; one that breaks is a finding too. With `live` vendors are asked as well, for free."""
    yield _python()
    try:
        settings = get_settings()
    except ConfigError as error:
        yield Finding(name="settings", state="fail", detail=str(error), fix=error.hint or "correct the variable")
        return
    for name, check in _CHECKS:
        try:
            yield check(settings)
        except BadappleError as error:
            yield Finding(name=name, state="fail", detail=str(error), fix=error.hint)
        except Exception as error:  # noqa: BLE001 - the doctor reports whatever is broken
            yield Finding(name=name, state="fail", detail=f"{type(error).__name__}: {error}", fix=_REINSTALL)
    yield from _vendors(settings, live=live)


def _vendors(settings: Settings, *, live: bool) -> Iterator[Finding]:
    if not live:
        for access in settings.vendors.values():
            if access.key is not None:
                detail = f"{access.variable} is set; `badapple doctor --live` asks whether it works"
                yield Finding(name="vendor", state="ok", detail=detail)
        return
    from badapple.providers.checkup import check_up  # noqa: PLC0415 - loads the vendors' packages

    for found in asyncio.run(check_up(settings)):
        yield Finding(name=found.name, state=found.state, detail=found.detail, fix=found.fix)


_REINSTALL = "install badapple again: pip install --force-reinstall badapple"


def _python() -> Finding:
    detail = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    if platform.system() == "Linux":
        return Finding(name="python", state="ok", detail=detail)
    fix = "badapple is proved on Linux only; there it works with Python 3.11 to 3.13"
    return Finding(name="python", state="warn", detail=detail, fix=fix)


def _ffmpeg(settings: Settings) -> Finding:
    from badapple.media import ffmpeg  # noqa: PLC0415

    program = ffmpeg.locate(settings.ffmpeg)
    ffmpeg.check(program)
    return Finding(name="ffmpeg", state="ok", detail=f"{ffmpeg.version(program)} with all it needs, {program}")


def _sandbox(settings: Settings) -> Finding:
    from badapple import process  # noqa: PLC0415
    from badapple.media import ffmpeg  # noqa: PLC0415
    from badapple.product.intake import decoder  # noqa: PLC0415

    program, photos = ffmpeg.locate(settings.ffmpeg), decoder()
    levels = (
        process.sandbox_level(photos.command[0], photos.sandbox),
        process.sandbox_level(program, ffmpeg.sandbox(program)),
    )
    weak = next((level for level in levels if level.name != "bubblewrap"), None)
    if weak is None:
        detail = "bubblewrap: others' photos, clips and music are read out of reach of network and files"
        return Finding(name="sandbox", state="ok", detail=detail)
    return Finding(name="sandbox", state="warn", detail=f"limits only: {weak.reason}", fix=weak.hint)


def _fonts(settings: Settings) -> Finding:
    from badapple import styles  # noqa: PLC0415

    import fontpkg  # noqa: PLC0415 # isort: skip

    wanted: set[str] = set()
    for name in styles.known(settings.style_dirs):
        look = styles.load(name, settings.style_dirs).type
        wanted |= {look.display, look.text, look.caption}
    own = {file.stem.lower() for folder in settings.font_dirs if folder.is_dir() for file in folder.iterdir()}
    missing = [slug for slug in sorted(wanted - own) if not _has_family(fontpkg.family, slug)]
    if missing:
        fix = f"pip install {' '.join(f'fontpkg-{slug}' for slug in missing)}"
        return Finding(name="fonts", state="fail", detail=f"missing: {', '.join(missing)}", fix=fix)
    return Finding(name="fonts", state="ok", detail=f"all {len(wanted)} families of the styles")


def _has_family(look_up: Callable[[str], object], slug: str) -> bool:
    import fontpkg  # noqa: PLC0415

    try:
        look_up(slug)
    except fontpkg.FontpkgError:
        return False
    return True


def _cjk(_settings: Settings) -> Finding:
    if util.find_spec("manimgx_fonts_cjk") is not None:
        return Finding(name="cjk fonts", state="ok", detail="installed")
    fix = "needed only for Chinese, Japanese and Korean: pip install 'badapple[cjk]'"
    return Finding(name="cjk fonts", state="warn", detail="not installed", fix=fix)


def _voice(_settings: Settings) -> Finding:
    spec = util.find_spec("hibari")
    weights = Path(spec.origin).parent / "assets" / "hibari.onnx" if spec and spec.origin else None
    if weights is None or not weights.is_file():
        fix = "pip install --force-reinstall hibari-tts"
        return Finding(name="voice", state="fail", detail="the weights of hibari-tts are missing", fix=fix)
    return Finding(name="voice", state="ok", detail=f"hibari-tts, {weights.stat().st_size / 1e6:.0f} MB of weights")


def _cutout(_settings: Settings) -> Finding:
    import hashlib  # noqa: PLC0415

    import badapple  # noqa: PLC0415

    weights = Path(badapple.__file__).parent / "product" / "data" / "u2netp.onnx"
    if not weights.is_file():
        return Finding(name="cut-out", state="fail", detail=f"{weights} is missing", fix=_REINSTALL)
    if hashlib.sha256(weights.read_bytes()).hexdigest() != _WEIGHTS:
        return Finding(name="cut-out", state="fail", detail=f"{weights} is damaged", fix=_REINSTALL)
    return Finding(name="cut-out", state="ok", detail=f"U2-Netp, {weights.stat().st_size / 1e6:.1f} MB of weights")


def _folder(name: str, folder: Path, variable: str) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        fix = f"change its permissions, or set {variable} to another folder"
        return Finding(name=name, state="fail", detail=f"{folder} cannot be written: {error.strerror}", fix=fix)
    return Finding(name=name, state="ok", detail=str(folder))


def _data(settings: Settings) -> Finding:
    return _folder("data folder", settings.data_dir, "BADAPPLE_DATA_DIR")


def _keys(settings: Settings) -> Finding:
    file = SecretsFile(settings.data_dir)
    try:
        found = file.checked()
    except ConfigError as error:
        return Finding(name="keys", state="warn", detail=str(error), fix=error.hint)
    detail = f"{', '.join(sorted(found))} in {file.path}" if found else f"none in {file.path}"
    return Finding(name="keys", state="ok", detail=detail)


def _cache(settings: Settings) -> Finding:
    from badapple.cache import Cache  # noqa: PLC0415

    finding = _folder("cache", settings.cache_dir, "BADAPPLE_CACHE_DIR")
    if finding.state != "ok":
        return finding
    size, count = Cache(settings.cache_dir).size()
    detail = f"{settings.cache_dir}: {size / 1e6:.0f} of {settings.cache_bytes / 1e6:.0f} MB in {count} files"
    return Finding(name="cache", state="ok", detail=detail)


def _disk(settings: Settings) -> Finding:
    free = min(shutil.disk_usage(_nearest(folder)).free for folder in (settings.data_dir, settings.cache_dir))
    fix = "free some space; a video and its parts take about 100 MB"
    state: Literal["ok", "warn", "fail"] = "fail" if free < _DISK_FULL else "warn" if free < _DISK_LOW else "ok"
    return Finding(name="disk", state=state, detail=f"{free / 1e9:.1f} GB free", fix="" if state == "ok" else fix)


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _database(settings: Settings) -> Finding:
    from badapple.database.connection import open_database  # noqa: PLC0415
    from badapple.database.schema import HEAD, current  # noqa: PLC0415

    engine = open_database(settings.database_url)
    with engine.connect() as connection:
        at = current(connection)
    shown = engine.url.render_as_string(hide_password=True)
    if at is not None and at >= HEAD:  # a newer release may have migrated it: this one runs on
        return Finding(name="database", state="ok", detail=f"revision {at}, {shown}")
    fix = "it was made by another program or version; set BADAPPLE_DATABASE_URL to one of badapple's own"
    return Finding(name="database", state="warn", detail=f"revision {at}, not {HEAD}, {shown}", fix=fix)


def _memory(_settings: Settings) -> Finding:
    free = _available_memory()
    if free is None:
        return Finding(name="memory", state="ok", detail="not known on this system")
    fix = "close other programs, or set BADAPPLE_WORKERS=1" if free < _MEMORY_LOW else ""
    return Finding(name="memory", state="warn" if fix else "ok", detail=f"{free / 1e9:.1f} GB available", fix=fix)


def _available_memory() -> int | None:
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    group = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):  # a container may have less than its machine
        limit, used = ((group / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current"))
        found.append(int(limit) - int(used))
    return min(found, default=None)


def _shared(_settings: Settings) -> Finding:
    folder = Path("/dev/shm")  # noqa: S108 - its size is asked for, nothing is written
    if not folder.is_dir():
        return Finding(name="shared mem", state="ok", detail="none on this system")
    free = shutil.disk_usage(folder).free
    fix = "give the container more: docker run --shm-size=512m" if free < _SHARED_LOW else ""
    return Finding(name="shared mem", state="warn" if fix else "ok", detail=f"{free / 1e6:.0f} MB free", fix=fix)


def _processors(settings: Settings) -> Finding:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    detail = f"{count} usable, {settings.workers} parts at once"
    fix = "more at once than processors: unset BADAPPLE_WORKERS" if settings.workers > 2 * count else ""
    return Finding(name="processors", state="warn" if fix else "ok", detail=detail, fix=fix)


_CHECKS: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
    ("ffmpeg", _ffmpeg),
    ("sandbox", _sandbox),
    ("fonts", _fonts),
    ("cjk fonts", _cjk),
    ("voice", _voice),
    ("cut-out", _cutout),
    ("data folder", _data),
    ("keys", _keys),
    ("cache", _cache),
    ("disk", _disk),
    ("database", _database),
    ("memory", _memory),
    ("shared mem", _shared),
    ("processors", _processors),
)
