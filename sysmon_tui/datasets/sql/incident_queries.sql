-- Purpose: the statements of an incident, with the job run that each belongs to: those that failed, and those that the
-- alert names. The :row_limit nearest to :near_us.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- Why the run is read apart: the listings do without query_source, and a view of the table that lacks it breaks only this.
WITH
-- include: query_rows
, sources AS (
  SELECT
    workspace_id,
    statement_id,
    MAX(query_source.job_info.job_id) AS job_id,
    MAX(query_source.job_info.job_run_id) AS job_run_id
  FROM system.query.history
  WHERE start_time >= timestamp_micros(:scan_start_us)
    AND end_time >= timestamp_micros(:since_us)
    AND end_time < timestamp_micros(:window_end_us)
    AND query_source.job_info.job_run_id IS NOT NULL
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
  GROUP BY workspace_id, statement_id
)
SELECT
  queries.workspace_id, queries.statement_id, queries.status, queries.user_email, queries.warehouse_id,
  queries.statement_type,
  LEFT(queries.statement_text, :text_chars + 1) AS statement_text,
  queries.error_class,
  LEFT(queries.error_message, :text_chars + 1) AS error_message,
  queries.client_application, queries.start_time, queries.end_time,
  queries.total_duration_ms, queries.waiting_for_compute_duration_ms, queries.waiting_at_capacity_duration_ms,
  queries.compilation_duration_ms, queries.execution_duration_ms,
  queries.read_rows, queries.read_bytes, queries.produced_rows, queries.spilled_local_bytes, queries.from_result_cache,
  sources.job_id, sources.job_run_id
FROM queries
LEFT JOIN sources
  ON sources.workspace_id = queries.workspace_id AND sources.statement_id = queries.statement_id
WHERE (queries.status = 'FAILED' OR array_contains(split(:statement_ids, ','), queries.statement_id))
  AND (NOT :of_jobs OR sources.job_run_id IS NOT NULL)
  AND (:job_id IS NULL OR sources.job_id = :job_id)
  AND (:warehouse_id IS NULL OR queries.warehouse_id = :warehouse_id)
  AND (:user_email IS NULL OR LOWER(queries.user_email) = LOWER(:user_email))
ORDER BY ABS(unix_micros(queries.end_time) - :near_us), queries.workspace_id, queries.statement_id
LIMIT :row_limit
