"""Why a delivery failed, and when another attempt makes sense."""

from __future__ import annotations

from typing import ClassVar, Literal

from sysmon_tui.errors import SysmonError


class DeliveryError(SysmonError):
    """`retry`: `soon` (the receiver is busy or out of reach: again within this call), `later` (a time-out, or
    something a person must mend: at the next call) or `never` (the receiver refuses it for good).

    `message` holds no secret. `retry_after_s` is what the receiver asked for.
    """

    code: ClassVar[str] = "delivery_failed"

    def __init__(
        self, message: str, *, retry: Literal["soon", "later", "never"], retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.retry_after_s = retry_after_s
