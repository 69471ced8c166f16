"""Every way a source, the store or a file can fail: the reason word it is counted under, and whether to try again."""

from typing import ClassVar


class ExporterError(Exception):
    """A failure with a name.

    ``reason`` is the closed vocabulary of ``sdlc_exporter_errors_total{reason}``; ``retry`` says whether the same
    request may be sent again as it is; ``after`` is the server's own wish in seconds, when it stated one; ``counted``
    that it is in the metrics already, wherever it goes from there.
    """

    reason: ClassVar[str] = "internal"
    retry: ClassVar[bool] = False

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after
        self.counted = False


class ConfigError(ExporterError):
    """The configuration cannot be used; the message lists every fault with file, path and remedy."""

    reason = "config"


class Unanswerable(ExporterError):
    """A question about a number that is none, or about too many; ``series`` are those it may mean, as written."""

    reason = "question"

    def __init__(self, message: str, series: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.series = series


class NotComplete(ExporterError):
    """A watermark lies before the instant that was asked for; nothing true could be printed."""

    reason = "not_complete"


class Unauthorised(ExporterError):
    """401, or a token file that cannot be read: no answer until someone mends the credential."""

    reason = "unauthorised"


class Refused(ExporterError):
    """403 without a limit: the credential is valid and lacks a permission."""

    reason = "refused"


class NotFound(ExporterError):
    """404, 410 or a GraphQL NOT_FOUND: deleted, renamed away, or hidden from this credential."""

    reason = "not_found"


class RateLimited(ExporterError):
    """The primary limit is spent; ``after`` is the time until its reset."""

    reason = "rate_limited"
    retry = True


class SecondaryLimited(ExporterError):
    """The abuse (secondary) limit spoke; ``after`` is Retry-After when there was one."""

    reason = "secondary_limited"
    retry = True


class Unreachable(ExporterError):
    """No connection, a reset, or a name that does not resolve."""

    reason = "unreachable"
    retry = True


class TooSlow(ExporterError):
    """No whole answer inside the time limit; a smaller page may fit."""

    reason = "timeout"
    retry = True


class ServerError(ExporterError):
    """5xx: the other side is unwell; a smaller page may fit."""

    reason = "server_error"
    retry = True


class Overloaded(ExporterError):
    """The server refused the query for its size (RESOURCE_LIMITS_EXCEEDED and the like): only a smaller page helps."""

    reason = "resource_limit"


class Garbled(ExporterError):
    """An answer that is not what the API promises: truncated JSON, HTML with status 200, a missing field."""

    reason = "bad_answer"
    retry = True


class Unreadable(Garbled):
    """A file that is not what it says, or larger than anybody may ask us to read; another download brings the same."""

    retry = False


class BadNote(ExporterError):
    """A file of retrospective notes that cannot be used as it is: no date, too large, or unreadable."""

    reason = "bad_note"


class Partial(ExporterError):
    """An answer with errors beside data, which could not be tied to single repositories."""

    reason = "partial_answer"
    retry = True


class Shifted(ExporterError):
    """The result set changed while it was paged through; the slice has to be read again."""

    reason = "shifted_page"
    retry = True


class Missing(ExporterError):
    """The nightly count found more changes at the forge than in the store."""

    reason = "count_mismatch"


class StoreError(ExporterError):
    """The state database cannot be used as it is."""

    reason = "store"


class StoreTooNew(StoreError):
    """The state database was written by a newer version; downgrading needs the older file."""

    reason = "store_schema"


class StoreReadOnly(StoreError):
    """The state database or its folder is not writable."""

    reason = "store_readonly"


class StoreFull(StoreError):
    """No space left for the state database."""

    reason = "store_full"


REASONS: tuple[str, ...] = tuple(
    sorted(
        {
            kind.reason
            for kind in (
                ExporterError,
                ConfigError,
                Unauthorised,
                Refused,
                NotFound,
                RateLimited,
                SecondaryLimited,
                Unreachable,
                TooSlow,
                ServerError,
                Overloaded,
                Garbled,
                BadNote,
                Partial,
                Shifted,
                Missing,
                StoreError,
                StoreTooNew,
                StoreReadOnly,
                StoreFull,
            )
        }
    )
)
