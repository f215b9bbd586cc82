"""Every error the program raises by its own will.

    SysmonError
    ├── ConfigError           the configuration or a flag is wrong; exit 2
    ├── RequestError          a parameter, tenant or cursor of a request is wrong; HTTP 4xx, exit 2
    └── SourceError           a source could not answer; becomes a Result's state and reason
        ├── AccessDenied          no valid credential, or no grant              state denied
        ├── SourceUnreachable     the host, the network or the time ran out     retryable
        ├── SourceBusy            the service asks to wait (429, 503)           retryable
        ├── StatementFailed       the engine refused or broke the statement
        │   ├── ResultTooLarge        the answer is over the inline limit
        │   └── TooMuchData           the engine wants narrower predicates
        ├── StatementCanceled     nobody waited for it any more
        └── SchemaDrift           the answer lacks a column or has another type

`message` is one sentence for a person, without secrets, SQL or markup. `hint` says what to do.
"""

from __future__ import annotations

from typing import ClassVar


class SysmonError(Exception):
    """`code` is stable and for programs; `message` and `hint` are for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def sentence(self) -> str:
        """Message and hint as one line."""
        return f"{self.message} {self.hint}".strip()


class ConfigError(SysmonError):
    code = "config_invalid"


class RequestError(SysmonError):
    """`parameter` is the one at fault; `status` is what HTTP answers."""

    code = "parameter_invalid"

    def __init__(
        self, message: str, *, parameter: str | None = None, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.status = status
        self.request_code = code or self.code


class SourceError(SysmonError):
    code = "source_failed"
    retryable: ClassVar[bool] = False
    denied: ClassVar[bool] = False


class AccessDenied(SourceError):
    code = "access_denied"
    denied = True


class SourceUnreachable(SourceError):
    code = "source_unreachable"
    retryable = True


class SourceBusy(SourceError):
    code = "source_busy"
    retryable = True


class StatementFailed(SourceError):
    code = "statement_failed"


class ResultTooLarge(StatementFailed):
    code = "result_too_large"


class TooMuchData(StatementFailed):
    code = "too_much_data"


class StatementCanceled(SourceError):
    code = "statement_canceled"


class SchemaDrift(SourceError):
    code = "schema_drift"
