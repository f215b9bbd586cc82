"""Whether texts are kept back: statements without a text, failures without a message."""

from __future__ import annotations

from sysmon_tui.datasets import asks
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def counted(estate: Estate, *, workspace_ids: tuple[str, ...] = ()) -> tuple[int, ...]:
    """statements, without_text, failed, without_message."""
    result = await estate.monitor(workspace_ids=workspace_ids).service.answer(asks.redaction())
    assert (result.state, result.frame.height) == ("fresh", 1)
    return tuple(result.frame.row(0))


async def test_empty_texts_are_counted_as_null_or_as_nothing(estate: Estate) -> None:
    """'' and NULL are no text; 'null' is one. A message is missed of failed statements alone. Trap 17."""
    estate.query("1", at("09:00"), at("09:01"), statement_text="SELECT 1")
    estate.query("2", at("09:00"), at("09:01"), statement_text="")
    estate.query("3", at("09:00"), at("09:01"), statement_text=None)
    estate.query("4", at("09:00"), at("09:01"), statement_text="null")
    estate.query("5", at("09:00"), at("09:01"), "FAILED", statement_text="x", error_message="[A] no")
    estate.query("6", at("09:00"), at("09:01"), "FAILED", statement_text="x", error_message="")
    estate.query("7", at("09:00"), at("09:01"), "failed", statement_text="x")
    assert await counted(estate) == (7, 2, 3, 2)


async def test_only_the_last_day_of_our_workspaces_counts(estate: Estate) -> None:
    """Noon to noon, of the workspaces that the tenant names. Trap 10."""
    estate.query("before", at("11:59", -1), at("12:01", -1))
    estate.query("first", at("12:00", -1), at("12:01", -1))
    estate.query("last", at("11:59"), at("11:59:30"))
    estate.query("after", at("12:00"), at("12:01"))
    estate.query("theirs", at("10:00"), at("10:01"), workspace_id=OTHER_WORKSPACE)
    assert await counted(estate) == (3, 3, 0, 0)
    assert await counted(estate, workspace_ids=(WORKSPACE,)) == (2, 2, 0, 0)


async def test_without_a_statement_there_is_nothing_to_count(estate: Estate) -> None:
    """An empty table gives zeros, not NULLs."""
    assert await counted(estate) == (0, 0, 0, 0)
