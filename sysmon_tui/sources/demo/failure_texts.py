"""With which words the invented runs fail: the same run always with the same, and each job about its own tables.

The system tables have only codes; these are what a workspace's Jobs API would say beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zlib import crc32


@dataclass(frozen=True)
class _Raised:
    """What the code of a task raises. The texts may name {table}, {column} and {count}.

    `call` is the line of the task that did, `within` the place in a library, `cause` what the JVM says of it.
    """

    kind: str
    message: str
    call: str
    within: str = ""
    cause: str = ""


# Where the platform failed, or the limits of the job, there is a sentence and no trace.
_BY_CODE: Final = {
    "LIBRARY_INSTALLATION_ERROR": "The library halden-flow==4.2.1 could not be installed: no matching distribution on "
    "pypi.halden-air.example (looked for cp311, manylinux).",
    "RESOURCE_NOT_FOUND": "The notebook {home}/{task} does not exist, or the identity of the job may not read it.",
    "UNAUTHORIZED_ERROR": "PERMISSION_DENIED: the identity of the job has no USE SCHEMA on the schema of {table}.",
    "INTERNAL_ERROR": "The task could not be handed to its compute. This is an error of the platform; a repair of the "
    "run usually helps.",
    "DRIVER_ERROR": "The driver stopped answering and was ended. It may have run out of memory.",
    "CLUSTER_ERROR": "The cluster ended while the task was running: all of its executors were lost within a minute.",
    "CLOUD_FAILURE": "The cloud gave no instances: no capacity left for memory-optimised workers in the zone.",
    "STORAGE_ACCESS_ERROR": "The storage under {table} refused to be read: 403, the credential of the location has "
    "expired.",
    "CANCELED": "Timed out: the task was still running when the job's time limit was over, and was cancelled.",
}

_ITINERARIES: Final = "prod.journey.itinerary_events"
# That table is dropped in the incident of the data, and a grant goes with it (query_incidents.sql): these jobs fail by
# nothing else.
_READ_ITINERARIES: Final = (
    "journey_orchestrator",
    "seat_inventory_sync",
    "fare_rules_refresh",
    "loyalty_points_posting",
    "disruption_notifier",
)
_ITINERARIES_GONE: Final = (
    _Raised(
        "pyspark.errors.exceptions.captured.AnalysisException",
        "[TABLE_OR_VIEW_NOT_FOUND] The table or view `prod`.`journey`.`itinerary_events` cannot be found. Verify the "
        "spelling and correctness of the schema and catalog. SQLSTATE: 42P01",
        "events = spark.table(settings.source).where(col('event_time') >= since)",
        'pyspark/sql/session.py", line 1871, in table',
        "org.apache.spark.sql.catalyst.ExtendedAnalysisException: [TABLE_OR_VIEW_NOT_FOUND] {table}",
    ),
    _Raised(
        "pyspark.errors.exceptions.captured.AnalysisException",
        "[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have permission SELECT on table "
        "'{table}'. SQLSTATE: 42501",
        "legs = spark.table(settings.source).select(*LEG_COLUMNS)",
        'pyspark/sql/session.py", line 1871, in table',
        "com.halden.unity.PermissionDenied: SELECT on {table}",
    ),
)
_USUAL: Final = (
    _Raised(
        "pyspark.errors.exceptions.captured.AnalysisException",
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `{column}` cannot be resolved. Did you mean one of the "
        "following? [`{column}_v2`, `_ingested_at`]. SQLSTATE: 42703",
        "frame = frame.withColumn('key', concat_ws('|', col('{column}'), col('valid_from')))",
        'pyspark/sql/dataframe.py", line 5201, in withColumn',
    ),
    _Raised(
        "halden_flow.checks.ExpectationFailed",
        "{count} rows of {table} have no {column} [allowed: 0]",
        "expect_none_missing(frame, '{column}')",
        'halden_flow/checks.py", line 58, in expect_none_missing',
    ),
    _Raised(
        "pyspark.errors.exceptions.captured.SparkException",
        "[DELTA_CONCURRENT_APPEND] ConcurrentAppendException: files were added to {table} by a concurrent update. "
        "Please try the operation again. SQLSTATE: 2D521",
        "merge_into(settings.target, frame, on=['{column}', 'valid_from'])",
        'delta/tables.py", line 1203, in execute',
        "io.delta.exceptions.ConcurrentAppendException: conflicting commit: operation MERGE, version {count}",
    ),
    _Raised(
        "pyspark.errors.exceptions.captured.SparkRuntimeException",
        "Job aborted due to stage failure: task 17 in stage 42.0 failed 4 times: [CAST_INVALID_INPUT] The value 'n/a' "
        'of the type "STRING" cannot be cast to "DECIMAL(18,2)" because it is malformed. SQLSTATE: 22018',
        "frame.write.mode('append').saveAsTable(settings.target)",
        'pyspark/sql/readwriter.py", line 1815, in saveAsTable',
        "org.apache.spark.SparkNumberFormatException: [CAST_INVALID_INPUT] column {column} of {table}",
    ),
    _Raised(
        "KeyError",
        "'{column}'",
        "rates = {{row['{column}']: row['rate'] for row in lookup.toLocalIterator()}}",
        'pyspark/sql/types.py", line 3102, in __getitem__',
    ),
    _Raised(
        "TimeoutError",
        "feeds.partner.example:443 sent nothing for 60 s after {count} of 20967 records",
        "pages = list(fetch_pages(settings.feed, since=since))",
        'halden_flow/feeds.py", line 131, in fetch_pages',
    ),
)

# What a job is about by a word in its name: a table, and a column of it. The first that fits.
_ABOUT: Final = (
    ("fare", "prod.fares.fare_rules", "fare_basis"),
    ("crew", "prod.crew.rosters", "duty_code"),
    ("loyalty", "prod.loyalty.accruals", "member_id"),
    ("bag", "prod.bags.bag_scans", "bag_tag"),
    ("refund", "prod.sales.refunds", "refund_ref"),
    ("booking", "prod.sales.bookings", "record_locator"),
    ("codeshare", "prod.sales.bookings", "marketing_carrier"),
    ("maintenance", "prod.maintenance.work_orders", "tail_number"),
    ("click", "prod.web.click_events", "session_key"),
    ("web", "prod.web.click_events", "session_key"),
    ("ledger", "prod.finance.ledger_entries", "posting_date"),
    ("finance", "prod.finance.ledger_entries", "posting_date"),
    ("billing", "prod.finance.ledger_entries", "invoice_no"),
    ("tax", "prod.finance.ledger_entries", "tax_code"),
    ("", "prod.ops.flight_legs", "departure_time"),
)


def error(job_name: str, task_key: str, code: str, run_id: str) -> tuple[str, str]:
    """Message and trace, "" where there is none, of a task of the job run `run_id` that ended with `code`."""
    drawn = crc32(run_id.encode())
    _, table, column = next(about for about in _ABOUT if about[0] in job_name)
    raised = _USUAL[drawn % len(_USUAL)]
    if job_name in _READ_ITINERARIES:
        table = _ITINERARIES
        raised = _ITINERARIES_GONE[drawn % len(_ITINERARIES_GONE)]
    # A run that was submitted has the path of its notebook for a name.
    home = f"/Workspace{job_name}" if job_name.startswith("/") else f"/Workspace/jobs/{job_name}"
    words = {
        "home": home,
        "task": task_key or "main",
        "table": table,
        "column": column,
        "count": 20 + drawn % 1900,
    }
    if code in _BY_CODE:
        return _BY_CODE[code].format_map(words), ""
    message = raised.message.format_map(words)
    return f"{raised.kind.rpartition('.')[2]}: {message}", _trace(raised, message, words, drawn)


def _trace(raised: _Raised, message: str, words: dict[str, object], drawn: int) -> str:
    """As Python prints it: the innermost call and what it raised stand at the end."""
    file = "{home}/{task}.py".format_map(words)
    line = 60 + drawn % 200
    lines = [
        "Traceback (most recent call last):",
        f'  File "{file}", line {line + 31}, in <module>',
        "    run(Settings.of_widgets(dbutils))",
        f'  File "{file}", line {line}, in run',
        f"    {raised.call.format_map(words)}",
        f'  File "/databricks/python/lib/python3.11/site-packages/{raised.within}',
        f"{raised.kind}: {message}",
    ]
    if raised.cause:
        lines += ["", "JVM stack trace:", raised.cause.format_map(words)]
    return "\n".join(lines)
