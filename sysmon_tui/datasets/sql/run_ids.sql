-- Purpose: the ids of all runs since :scan_start_us: whose new slice is no new run, but one that was repaired.
-- Tables: system.lakeflow.job_run_timeline
-- Grants: SELECT on system.lakeflow
SELECT DISTINCT run_id
FROM system.lakeflow.job_run_timeline
WHERE period_start_time >= timestamp_micros(:scan_start_us)
  AND period_start_time < timestamp_micros(:window_end_us)
  AND run_id IS NOT NULL
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
ORDER BY run_id
LIMIT :row_limit
