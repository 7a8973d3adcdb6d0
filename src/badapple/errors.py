"""The tree of errors that badapple raises.

BadappleError
├── ConfigError                 a setting is missing or makes no sense
│   ├── MissingKeyError         a vendor was chosen whose key is not set; names the variable
│   ├── UnknownStyleError       the style does not exist; lists those that do
│   └── MissingFontError        no installed font can draw these characters; names the one to install
├── InputError                  what the caller handed in cannot be used
│   ├── PhotoError              the product photo
│   ├── ScriptError             a script of the caller's own
│   ├── TooLargeError           it has more bytes than are taken
│   ├── NotFoundError           there is no such thing, or it is somebody else's
│   └── ConflictError           the thing is not in a state for that
│       └── IdempotencyError    the same key is being worked on, or was used for something else
├── AccessError                 the caller is not let in
│   ├── UnauthenticatedError    nobody knows who it is
│   └── ForbiddenError          known, and not allowed to do that
├── LimitExceededError          too much at once; says when to come again
├── ToolError                   ffmpeg or another child process failed; keeps its last lines
│   ├── MediaError              a media file is missing, cut short or not what it should be
│   ├── OutOfMemoryError        the system ended a child process because there was no memory left
│   └── DiskError               the disk is full or cannot be written
├── StorageError                the storage that workers share cannot be reached or written
├── JobError                    a job ended for a reason of its own
│   ├── JobTimeoutError         it worked for longer than JOB_TIMEOUT
│   ├── JobTakenOverError       another process works on it now
│   ├── JobAwaitsError          it waits for a person's word
│   └── PoisonJobError          worker after worker died over it
├── QualityError                the finished video breaks a hard rule; the file is kept
├── BudgetError                 a purchase would go over a cap; nothing was sent
│   └── MissingCapError         nobody said what it may cost
├── ProviderError               a maker of scripts, voices, scenes or pictures
│   ├── TransientProviderError  try again
│   ├── PermanentProviderError  do not try again
│   └── OutcomeUnknownError     ask the vendor before anything is sent again
└── PipelineOrchestrationError  what leaves the pipeline: stage, cause, retryable, charged
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from badapple.secrets import plain, scrub

if TYPE_CHECKING:
    from pathlib import Path

#: Why a vendor failed, in one word.
Reason = Literal[
    "rate_limit",  # too many calls; wait
    "quota",  # out of credit, or a spend limit
    "timeout",  # the model took too long
    "network",  # no connection, or one that broke
    "server",  # the vendor's own fault
    "key",  # the key is wrong or may not do this
    "refused",  # a safety filter said no
    "image",  # the picture cannot be used
    "input",  # the vendor does not take what was sent
    "media",  # what came back cannot be used
    "lost",  # paid, and the files are gone
    "cancelled",  # stopped on the vendor's side
    "unknown",
]


class BadappleError(Exception):
    """Any error that badapple raises on purpose."""

    #: A sentence that says what to do next; empty where the message already does.
    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(plain(scrub(message)))
        self.hint = hint


class ConfigError(BadappleError):
    """A setting is missing or makes no sense."""


class MissingKeyError(ConfigError):
    """A vendor was chosen whose key is not set; `variable` names where it belongs."""

    def __init__(self, variable: str, *, vendor: str) -> None:
        super().__init__(
            f"{vendor} was chosen, but {variable} is not set",
            hint=f"set {variable}, or use --provider offline, which needs no key",
        )
        self.variable = variable


class UnknownStyleError(ConfigError):
    """The style does not exist."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown style {name!r}; known styles: {', '.join(known)}")
        self.name = name
        self.known = known


class MissingFontError(ConfigError):
    """No installed font can draw these characters."""

    def __init__(self, characters: str, *, install: str) -> None:
        super().__init__(f"no installed font can draw {characters!r}", hint=install)
        self.characters = characters
        self.install = install


class InputError(BadappleError):
    """What the caller handed in cannot be used."""


class PhotoError(InputError):
    """The product photo cannot be used."""


class ScriptError(InputError):
    """A script of the caller's own cannot be used."""


class TooLargeError(InputError):
    """What was handed in has more bytes than are taken."""


class NotFoundError(InputError):
    """There is no such thing, or it belongs to somebody else: the two look the same."""


class ConflictError(InputError):
    """The thing is not in a state for what was asked."""


class IdempotencyError(ConflictError):
    """The same idempotency key is being worked on, or (`mismatch`) was used with another body."""

    def __init__(self, message: str, *, mismatch: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.mismatch = mismatch


class AccessError(BadappleError):
    """The caller is not let in."""


class UnauthenticatedError(AccessError):
    """Nobody knows who the caller is."""


class ForbiddenError(AccessError):
    """The caller is known, and not allowed to do that."""


class LimitExceededError(BadappleError):
    """Too much at once.

    Attributes:
        code: which limit: `rate_limited`, `too_many_jobs`, `upload_quota`, `daily_cap`, `too_many_sockets`.
        retry_after: seconds after which it may be tried again, or None where that depends on something else.
    """

    def __init__(self, message: str, *, code: str, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.retry_after = retry_after


class ToolError(BadappleError):
    """A child process failed; its last lines are kept."""

    def __init__(
        self, message: str, *, last_lines: tuple[str, ...] = (), returncode: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.last_lines = last_lines
        self.returncode = returncode


class MediaError(ToolError):
    """A media file is missing, cut short or not what it should be; `path` names it where one file is at fault."""

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        last_lines: tuple[str, ...] = (),
        returncode: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, last_lines=last_lines, returncode=returncode, hint=hint)
        self.path = path


class DiskError(ToolError):
    """The disk is full or cannot be written."""


class OutOfMemoryError(ToolError):
    """The system ended a child process because there was no memory left."""


class StorageError(BadappleError):
    """The storage that workers share cannot be reached or written."""


class JobError(BadappleError):
    """A job ended for a reason of its own."""


class JobTimeoutError(JobError):
    """The job worked for longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the job worked for more than {seconds:.0f} s",
            hint="finished parts are kept: run it again, or raise JOB_TIMEOUT",
        )


class JobTakenOverError(JobError):
    """Another process works on the job now."""


class JobAwaitsError(JobError):
    """The job goes on when a person says so.

    Attributes:
        awaiting: what it waits for: `approval`.
    """

    def __init__(self, job_id: str, awaiting: str) -> None:
        super().__init__(
            f"the job {job_id} waits for {awaiting}: its script is ready",
            hint=f"`badapple jobs show {job_id}` shows it, `badapple jobs approve {job_id}` goes on",
        )
        self.awaiting = awaiting


class PoisonJobError(JobError):
    """Worker after worker died over the job."""


class QualityError(BadappleError):
    """The finished video breaks a hard rule; the file is kept for a look."""

    def __init__(self, message: str, *, broken: tuple[str, ...], path: Path) -> None:
        super().__init__(message)
        self.broken = broken
        self.path = path


class BudgetError(BadappleError):
    """A purchase would go over a cap; nothing was sent.

    Attributes:
        cap: micro-dollars that may be spent.
        held: micro-dollars that are spent or reserved already.
        wanted: micro-dollars that the purchase would reserve.
    """

    def __init__(self, message: str, *, cap: int, held: int, wanted: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.cap = cap
        self.held = held
        self.wanted = wanted


class MissingCapError(BudgetError):
    """Vendors would be paid, and nobody said what they may cost; nothing was sent."""

    def __init__(self, message: str, *, wanted: int = 0, hint: str = "") -> None:
        super().__init__(message, cap=0, held=0, wanted=wanted, hint=hint)


class ProviderError(BadappleError):
    """A maker of scripts, voices, scenes or pictures failed.

    Attributes:
        provider: who.
        status_code: of its HTTP reply, or None.
        reason: why, in one word.
        charged: micro-dollars that this call cost all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        status_code: int | None = None,
        reason: Reason = "unknown",
        charged: int = 0,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.provider = provider
        self.status_code = status_code
        self.reason: Reason = reason
        self.charged = charged


class TransientProviderError(ProviderError):
    """Trying again may help; raised by a submission, it says that nothing was bought.

    Attributes:
        retry_after: seconds that the vendor asks to wait, or None.
    """

    retry_after: float | None = None


class PermanentProviderError(ProviderError):
    """Trying again cannot help."""


class OutcomeUnknownError(ProviderError):
    """The call may have been charged; ask the vendor before anything is sent again."""


class PipelineOrchestrationError(BadappleError):
    """What leaves the pipeline when a part failed for good.

    Attributes:
        stage: the stage that failed (`script_gen`, `voice_gen`, ...), or None before the first.
        cause: the error below.
        retryable: whether the same call may succeed later without any change.
        charged: micro-dollars that vendors charged for this job so far.
        possibly_charged: micro-dollars of calls whose outcome no vendor could tell.
    """

    def __init__(
        self,
        message: str,
        *,
        stage: str | None = None,
        cause: BaseException | None = None,
        retryable: bool = False,
        charged: int = 0,
        possibly_charged: int = 0,
    ) -> None:
        super().__init__(message, hint=getattr(cause, "hint", ""))
        self.stage = stage
        self.cause = cause
        self.retryable = retryable
        self.charged = charged
        self.possibly_charged = possibly_charged
