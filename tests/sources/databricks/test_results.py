"""How rows come: inline, by links, in parts, damaged."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

import polars as pl
import pytest

from sysmon_tui import limits
from sysmon_tui.clock import HeldClock
from sysmon_tui.errors import ResultTooLarge, SchemaDrift, StatementCanceled, StatementFailed
from sysmon_tui.sources.databricks import DatabricksSource
from sysmon_tui.sources.databricks.decode import PartUnreadable
from sysmon_tui.sources.databricks.links import LinkReader
from tests.sources.asking import COUNT, INSTANT, TEXT, failure, request
from tests.sources.databricks.signing import MANY, ONE, STATEMENTS
from tests.workspace import Fault, Workspace
from tests.workspace.encoding import arrow_stream


def test_small_answers_come_inline_and_large_ones_by_links(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """The rows a statement may answer decide; row_limit counts before the statement's ceiling."""
    source.execute(ONE)
    source.execute(MANY)
    source.execute(
        request("SELECT 1 AS v LIMIT :row_limit", {"v": COUNT}, {"row_limit": ("INT", 5)}, ceiling=100_000)
    )
    assert [statement.external for statement in workspace.statements] == [False, True, False]


def test_links_are_read_without_our_credential(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """No Authorization reaches the storage, not even one from ~/.netrc; the headers it asked for do."""
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login someone password netrc-secret\n")
    monkeypatch.setenv("NETRC", netrc)
    assert source.execute(MANY).height == 50_000
    assert len(workspace.storage_headers) == 3
    for headers in workspace.storage_headers:
        assert "authorization" not in headers
        assert headers["x-stand-in-encryption"] == "customer-key"


def test_chunks_share_connections(workspace: Workspace, source: DatabricksSource) -> None:
    """A handshake for each chunk would be most of its time on a real network."""
    workspace.rows_per_chunk = 500
    assert source.execute(MANY).height == 50_000
    assert len(workspace.storage_headers) == 100
    assert workspace.connections <= 2 * limits.CHUNKS_AT_ONCE + 2  # the discovery's and the statement's


def test_parts_may_name_a_type_differently(workspace: Workspace, source: DatabricksSource) -> None:
    """Each is brought to the declared types; a part with other columns is named as such."""
    workspace.rows_per_chunk = 25_000
    narrow = pl.DataFrame({"n": pl.Series(range(25_000), dtype=pl.Int32)})
    workspace.faults.append(Fault(body=arrow_stream(narrow), path="/storage/"))
    assert source.execute(MANY).height == 50_000
    other = arrow_stream(narrow.rename({"n": "m"}))
    workspace.faults.append(Fault(body=other, path="/storage/"))
    assert "lacks the column n" in failure(source, MANY, SchemaDrift).message


def test_connections_are_given_back(workspace: Workspace, source: DatabricksSource) -> None:
    """Those to the storage at the end of the source; a later answer opens its own."""
    assert source.execute(MANY).height == 50_000
    before = workspace.open_connections
    source.close()
    for _ in range(200):
        if workspace.open_connections < before:
            break
        time.sleep(0.02)
    assert workspace.open_connections < before


def test_no_log_record_holds_a_link(
    workspace: Workspace, source: DatabricksSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where a program around us logs everything that its libraries say."""
    caplog.set_level(logging.DEBUG)
    workspace.faults.append(Fault(403, b"", path="/storage/"))
    assert source.execute(MANY).height == 50_000
    assert workspace.storage_headers and "sig=" not in caplog.text


def test_a_header_without_a_value_is_not_sent(workspace: Workspace) -> None:
    """What the workspace names for a link goes with it; null is no value."""
    links = LinkReader()
    link = {
        "external_link": f"{workspace.url}/storage/none/0",
        "http_headers": {"x-one": "1", "x-none": None},
    }
    with pytest.raises(PartUnreadable):
        links.open(link, plain_http=True)
    links.close()
    (headers,) = workspace.storage_headers
    assert headers["x-one"] == "1" and "x-none" not in headers


def test_after_a_failure_nothing_more_is_asked(workspace: Workspace, source: DatabricksSource) -> None:
    """The first part fails for good while another still comes: of the hundred others few have been asked for."""
    workspace.rows_per_chunk = 500
    workspace.faults += [Fault(500, b"", path="/storage/", times=None)]
    failure(source, MANY, StatementFailed)
    assert len(workspace.storage_headers) <= 4 * limits.CHUNKS_AT_ONCE
    told = len(workspace.requests)
    time.sleep(0.3)
    assert len(workspace.requests) == told


def test_a_body_that_trickles_can_be_left(workspace: Workspace, source: DatabricksSource) -> None:
    """Nobody waits any more: the download ends though bytes still come, and long before they have come."""
    workspace.rows_per_chunk = 50_000
    workspace.faults.append(Fault(path="/storage/", trickle_s=0.05))  # 400 kB: over five hours
    wanted = request(MANY.text, MANY.statement.schema, ceiling=100_000)
    threading.Timer(0.5, source.cancel, [wanted.id]).start()
    began_s = time.monotonic()
    failure(source, wanted, StatementCanceled)
    assert time.monotonic() - began_s < 10


def test_a_storage_that_is_open_again_is_used_again(workspace: Workspace) -> None:
    """A moment without it does not bind a program that runs for months to inline answers."""
    clock = HeldClock(datetime(2026, 3, 10, tzinfo=UTC))
    source = DatabricksSource(
        host=workspace.url, token=workspace.token, warehouse_id=workspace.warehouse_id, clock=clock
    )
    workspace.storage_url = "http://127.0.0.1:1"
    source.execute(MANY)
    workspace.storage_url = None
    source.execute(MANY)
    clock.advance(limits.STORAGE_CLOSED_S)
    source.execute(MANY)
    source.close()
    assert [statement.external for statement in workspace.statements] == [True, False, False, True]


def test_timestamps_keep_their_instant_through_a_changing_offset(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """Inline rows carry the session's offset, which changes within one answer; both ways give the same instants."""
    workspace.zone = "America/New_York"
    text = (
        "SELECT timestamp_micros(us) AS t FROM "
        "VALUES (1793509200000000), (1793512800000000), (1793516400000000), (NULL) AS r(us)"
    )
    inline = source.execute(request(text, {"t": INSTANT}))
    linked = source.execute(request(text, {"t": INSTANT}, ceiling=100_000))
    assert inline.equals(linked)
    assert [instant and instant.hour for (instant,) in inline.rows()] == [5, 6, 7, None]


def test_a_workspace_without_links_answers_inline(workspace: Workspace, source: DatabricksSource) -> None:
    """Where EXTERNAL_LINKS is switched off, large answers come inline, and the refusal is met once."""
    refused = {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": "EXTERNAL_LINKS disposition is disabled for this workspace.",
    }
    workspace.faults.append(Fault(400, refused, method="POST", path=STATEMENTS))
    assert source.execute(MANY).height == 50_000
    assert source.execute(MANY).height == 50_000
    assert [statement.external for statement in workspace.statements] == [False, False]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ("\U0001f600", "\U0001f600")],
)
def test_half_a_character_is_replaced(
    workspace: Workspace, source: DatabricksSource, text: str, shown: str
) -> None:
    """JSON can carry half of a surrogate pair; a cell that holds one loses that alone."""
    answer = {
        "statement_id": "01",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": {"columns": [{"name": "v", "type_name": "STRING"}]}},
        "result": {"data_array": [[text], [None]]},
    }
    workspace.faults.append(Fault(200, answer, method="GET", path=STATEMENTS))
    assert source.execute(request("SELECT 'x' AS v", {"v": TEXT})).get_column("v").to_list() == [shown, None]


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59.999-08:00", "0000-01-01T00:00:00.000Z"])
def test_an_instant_outside_our_years_is_unknown(
    workspace: Workspace, source: DatabricksSource, text: str
) -> None:
    """What Python's datetime can't hold is NULL, and the rows beside it stay."""
    answer = {
        "statement_id": "01",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": {"columns": [{"name": "v", "type_name": "TIMESTAMP"}]}},
        "result": {"data_array": [[text], ["2026-01-01T00:00:00.000Z"]]},
    }
    workspace.faults.append(Fault(200, answer, method="GET", path=STATEMENTS))
    rows = source.execute(request("SELECT 'x' AS v", {"v": INSTANT})).get_column("v").to_list()
    assert rows == [None, datetime(2026, 1, 1, tzinfo=UTC)]


def test_a_stale_link_is_asked_for_again(workspace: Workspace, source: DatabricksSource) -> None:
    """A link that the storage refuses is renewed once, and the answer is whole."""
    workspace.expired_links = 1
    assert source.execute(MANY).height == 50_000
    assert len(workspace.statements) == 1


def test_links_that_stay_stale_fail(workspace: Workspace, source: DatabricksSource) -> None:
    """The renewed link is refused too: no third try."""
    workspace.rows_per_chunk = 50_000
    workspace.expired_links = 2
    failure(source, MANY, StatementFailed)
    assert len(workspace.storage_headers) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(200, b"no arrow at all", path="/storage/"),
        Fault(200, b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\x00" * 64, path="/storage/"),
        Fault(200, b"\xff\xff\xff\xff", path="/storage/", cut=True),
        Fault(500, b"", path="/storage/"),
        Fault(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}, path="/storage/"),
    ],
    ids=["garbage", "damaged", "cut", "error", "redirect"],
)
def test_a_damaged_part_fails_the_statement(
    workspace: Workspace, source: DatabricksSource, fault: Fault
) -> None:
    """Nothing but whole Arrow from the named storage becomes rows: a second try, and no third."""
    workspace.rows_per_chunk = 50_000
    workspace.faults += [fault, fault, fault]
    failure(source, MANY, StatementFailed)
    assert workspace.faults == [fault]


def test_a_part_that_was_damaged_once_is_read_again(workspace: Workspace, source: DatabricksSource) -> None:
    """A new link is asked for, and the answer is whole."""
    workspace.faults.append(Fault(200, b"\xff\xff\xff\xff", path="/storage/", cut=True))
    assert source.execute(MANY).get_column("n").to_list() == list(range(50_000))


def test_chunks_are_read_side_by_side_and_come_in_order(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """Ten chunks of which each takes half a second come in a fraction of five, in their order."""
    workspace.rows_per_chunk = 5_000
    workspace.faults += [Fault(path="/storage/", wait_s=0.5) for _ in range(10)]
    began = time.monotonic()
    assert source.execute(MANY).get_column("n").to_list() == list(range(50_000))
    assert time.monotonic() - began < 3


def test_a_part_that_is_missing_is_noticed(workspace: Workspace, source: DatabricksSource) -> None:
    """Fewer rows than the manifest promises are no answer."""
    workspace.faults.append(Fault(200, {"external_links": []}, method="GET", path="/result/chunks/1"))
    assert "50000" in failure(source, MANY, StatementFailed).message


def test_an_answer_over_the_bound_is_not_read_on(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of all parts together are bounded."""
    workspace.rows_per_chunk = 1_000
    monkeypatch.setattr("sysmon_tui.limits.MAX_RESULT_BYTES", 100_000)
    error = failure(source, MANY, StatementFailed)
    assert "larger" in error.message
    assert len(workspace.storage_headers) < 30


def test_an_answer_of_too_many_rows_is_not_read_at_all(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest says how many there are."""
    monkeypatch.setattr("sysmon_tui.limits.MAX_RESULT_ROWS", 49_999)
    assert "50,000" in failure(source, MANY, StatementFailed).message
    assert workspace.storage_headers == []


def test_an_answer_that_trickles_ends_with_the_deadline(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """The time of a request bounds its download too."""
    workspace.faults += [Fault(path="/storage/", wait_s=0.7) for _ in range(3)]
    wanted = request(MANY.text, MANY.statement.schema, ceiling=100_000, timeout_s=0.6)
    assert "longer" in failure(source, wanted, StatementFailed).message


def test_a_link_without_tls_is_not_followed(workspace: Workspace, source: DatabricksSource) -> None:
    """Only the loopback stand-in may give plain links; other schemes are refused unread."""
    workspace.storage_url = "file:///etc"
    assert "TLS" in failure(source, MANY, StatementFailed).message


def test_a_storage_that_cannot_be_reached_is_done_without(
    workspace: Workspace, source: DatabricksSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Behind a firewall that is closed to the storage large answers come inline, and the log says so once."""
    workspace.storage_url = "http://127.0.0.1:1"
    with caplog.at_level(logging.WARNING, logger="sysmon_tui"):
        assert source.execute(MANY).height == 50_000
        assert source.execute(request(MANY.text, MANY.statement.schema, ceiling=100_000)).height == 50_000
    assert [statement.external for statement in workspace.statements] == [True, False, False]
    assert [record.name.split(".")[0] for record in caplog.records].count("sysmon_tui") == 1


def test_too_large_for_inline_runs_again_by_links(workspace: Workspace, source: DatabricksSource) -> None:
    """The service fails a statement over 25 MiB inline: it runs again by links, and the next time at once."""
    workspace.inline_bytes = 1000
    wanted = request("SELECT id AS n FROM range(500) AS r(id)", {"n": COUNT})
    assert source.execute(wanted).height == 500
    assert source.execute(wanted).height == 500
    assert [statement.external for statement in workspace.statements] == [False, True, True]


def test_too_large_without_any_way_left_is_told(workspace: Workspace, source: DatabricksSource) -> None:
    """Too large for inline and no storage: one sentence, no loop."""
    workspace.inline_bytes = 1000
    workspace.storage_url = "http://127.0.0.1:1"
    failure(source, request("SELECT id AS n FROM range(500) AS r(id)", {"n": COUNT}), ResultTooLarge)
    assert len(workspace.statements) == 3
