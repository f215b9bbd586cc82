"""What a channel gives back of a notice that it took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """`note` is a sentence for the record where something was left out. `receipt` is what the receiver calls the
    incident, for the notices that follow (a Slack thread); None where it has no such name.
    """

    note: str | None = None
    receipt: str | None = None
