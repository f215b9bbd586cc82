"""What can be learnt of a connection besides rows: who we are there, what is enabled, how results come to us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Metastore:
    """`schemas` are the states of the system schemas by name; None where we may not see them, `reason` says why."""

    metastore_id: str | None
    schemas: Mapping[str, str] | None
    reason: str = ""


@dataclass(frozen=True)
class ResultLinks:
    """How answers too large for the inline way come. `host` is the storage's; without one no link was given."""

    host: str | None
    reachable: bool


class Inspection(Protocol):
    """Blocking, from any thread. Every method raises SourceError alone."""

    @property
    def warehouse_id(self) -> str:
        """The warehouse that our statements run on."""

    @property
    def url(self) -> str:
        """The workspace's address, as far as it is known."""

    def principal(self) -> str | None:
        """Who we are, as a GRANT names us; None where the workspace does not tell."""

    def metastore(self) -> Metastore:
        """The workspace's metastore and the system schemas in it."""

    def run_statement(self, timeout_s: float) -> None:
        """Runs a statement that reads no table: its failure is the warehouse's."""

    def result_links(self, timeout_s: float) -> ResultLinks:
        """Runs a statement whose one row comes by a link, and follows it."""


@runtime_checkable
class HasInspection(Protocol):
    """A source that has more to tell of itself than its statements."""

    @property
    def inspection(self) -> Inspection: ...
