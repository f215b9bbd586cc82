-- Purpose: the newest event time that the table holds; a row of the future (a wrong clock) dates nothing.
-- Tables: system.lakeflow.job_run_timeline
-- Grants: SELECT on system.lakeflow
SELECT MAX(period_end_time) AS head
FROM system.lakeflow.job_run_timeline
WHERE period_start_time >= timestamp_micros(:scan_start_us)
  AND period_end_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
