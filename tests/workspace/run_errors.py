"""The words with which invented runs fail: the same run always fails with the same ones."""

from __future__ import annotations

from zlib import crc32

SEE_OUTPUT = "Workload failed, see run output for details"

# What user code raises.
_RAISED = (
    "AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `prod`.`journey`.`itinerary_events` cannot be "
    "found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01",
    "AssertionError: 1184 of 20967 legs have no departure time [expected 0]",
    "SparkException: [DELTA_CONCURRENT_APPEND] ConcurrentAppendException: Files were added to partition "
    "[event_date=2026-11-21] by a concurrent update. Please try the operation again. SQLSTATE: 2D521",
    "KeyError: 'fare_basis'",
)
_BY_CODE = {
    "LIBRARY_INSTALLATION_ERROR": "Library installation failed for library due to user error for pypi "
    '{ package: "halden-fares==4.2" }. No matching distribution found.',
    "RESOURCE_NOT_FOUND": 'Unable to access the notebook "/Shared/jobs/load". Either it does not exist, or the '
    "identity used to run this job lacks the required permissions.",
    "UNAUTHORIZED_ERROR": "PERMISSION_DENIED: User does not have USE SCHEMA on Schema 'prod.fares'.",
    "INTERNAL_ERROR": "Internal error while running the task. Contact support with the run id.",
    "DRIVER_ERROR": "The spark driver has stopped unexpectedly and is restarting.",
    "CLUSTER_ERROR": "Unexpected failure while waiting for the cluster to be ready: "
    "Cluster is in unexpected state TERMINATED.",
    "CLOUD_FAILURE": "The cloud provider could not launch the instances: insufficient capacity in the zone.",
    "STORAGE_ACCESS_ERROR": "Could not read the init scripts: 403 Forbidden from the storage.",
    "WORKSPACE_RUN_LIMIT_EXCEEDED": "The workspace has reached the limit of runs at the same time.",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "The maximum number of runs of this job at the same time has been reached.",
    "SKIPPED": "An active run of this job was under way.",
    "USER_CANCELED": "Run cancelled.",
    "CANCELED": "Run timed out.",
}
# Only a run of user code leaves a trace, and in it the escapes with which IPython colours one.
_TRACE = """\x1b[0;31m---------------------------------------------------------------------------\x1b[0m
\x1b[0;31m{kind}\x1b[0m                          Traceback (most recent call last)
File \x1b[0;32m/Workspace/jobs/{task_key}/main.py:41\x1b[0m
\x1b[1;32m     39\x1b[0m frame = read_source(spark, settings)
\x1b[1;32m     40\x1b[0m checked = check(frame)
\x1b[0;32m---> 41\x1b[0m write(checked, settings.target)
File \x1b[0;32m/databricks/spark/python/pyspark/errors/exceptions/captured.py:261\x1b[0m, in deco(*a, **kw)
\x1b[1;32m    259\x1b[0m     # Hide where the exception came from
\x1b[0;32m--> 261\x1b[0m     raise converted from None
\x1b[0;31m{kind}\x1b[0m: {message}"""


def state_message(code: str) -> str:
    """`state.state_message` of a task, and of a run that has none."""
    if code in ("SUCCESS", "SUCCESS_WITH_FAILURES"):
        return ""
    return _BY_CODE.get(code, SEE_OUTPUT)


def error(run_id: int, code: str) -> str:
    """`error` of the output of a task that failed."""
    return _BY_CODE.get(code) or _RAISED[crc32(str(run_id).encode()) % len(_RAISED)]


def error_trace(run_id: int, code: str, task_key: str) -> str | None:
    """`error_trace` of it, ten lines; None where the platform failed and not the code."""
    if code in _BY_CODE:
        return None
    kind, _, message = error(run_id, code).partition(": ")
    return _TRACE.format(kind=kind, message=message, task_key=task_key)
