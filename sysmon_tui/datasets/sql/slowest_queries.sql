-- Purpose: the statements of a window that took longest, whatever became of them.
-- Tables: system.query.history
-- Grants: SELECT on system.query
WITH
-- include: query_rows
, slowest AS (
  SELECT * FROM queries
  WHERE total_duration_ms IS NOT NULL
  ORDER BY total_duration_ms DESC, end_time DESC, workspace_id, statement_id
  LIMIT :row_limit
)
SELECT
  slowest.workspace_id, slowest.statement_id, slowest.status, slowest.user_email, slowest.warehouse_id,
  slowest.statement_type,
  LEFT(slowest.statement_text, :text_chars + 1) AS statement_text,
  slowest.error_class,
  LEFT(slowest.error_message, :text_chars + 1) AS error_message,
  slowest.client_application, slowest.start_time, slowest.end_time,
  slowest.total_duration_ms, slowest.waiting_for_compute_duration_ms, slowest.waiting_at_capacity_duration_ms,
  slowest.compilation_duration_ms, slowest.execution_duration_ms,
  slowest.read_rows, slowest.read_bytes, slowest.produced_rows, slowest.spilled_local_bytes, slowest.from_result_cache,
  head.as_of
FROM head LEFT JOIN slowest ON TRUE
ORDER BY slowest.total_duration_ms DESC, slowest.end_time DESC, slowest.workspace_id, slowest.statement_id
