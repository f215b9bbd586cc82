"""Every error the program raises by its own will.

    SysmonError
    ├── ConfigError           the configuration or a flag is wrong; exit 2
    ├── RequestError          a parameter, tenant or cursor of a request is wrong; HTTP 4xx, exit 2
    └── SourceError           a source could not answer; becomes a Result's state and reason
        ├── AccessDenied          no grant                                      state denied
        │   └── SignInRefused         no valid credential, no use of the warehouse
        ├── SourceUnreachable     the host, the network or the time ran out     retryable
        │   ├── WarehouseStarting     it has not begun yet: that is no error
        │   └── WarehouseAsleep       it is stopped, and nobody wants it woken
        ├── SourceBusy            the service asks to wait (429, 503)           retryable
        ├── StatementFailed       the engine refused or broke the statement
        │   ├── ResultTooLarge        the answer is over the inline limit
        │   ├── TooMuchData           the engine wants narrower predicates
        │   └── WarehouseMissing      there is no such warehouse
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
    """`of_all` says that every other statement would meet the same."""

    code = "source_failed"
    retryable: ClassVar[bool] = False
    denied: ClassVar[bool] = False
    of_all: ClassVar[bool] = False


class AccessDenied(SourceError):
    """`table` is the one without a grant, by its physical name."""

    code = "access_denied"
    denied = True

    def __init__(self, message: str, hint: str = "", *, table: str | None = None) -> None:
        super().__init__(message, hint)
        self.table = table


class SignInRefused(AccessDenied):
    code = "sign_in_refused"
    of_all = True


class SourceUnreachable(SourceError):
    code = "source_unreachable"
    retryable = True
    of_all = True


class WarehouseStarting(SourceUnreachable):
    code = "warehouse_starting"


class WarehouseAsleep(SourceUnreachable):
    code = "warehouse_asleep"


class SourceBusy(SourceError):
    code = "source_busy"
    retryable = True
    of_all = True


class StatementFailed(SourceError):
    code = "statement_failed"


class ResultTooLarge(StatementFailed):
    code = "result_too_large"


class TooMuchData(StatementFailed):
    code = "too_much_data"


class WarehouseMissing(StatementFailed):
    code = "warehouse_missing"
    of_all = True


class StatementCanceled(SourceError):
    code = "statement_canceled"


class SchemaDrift(SourceError):
    code = "schema_drift"
