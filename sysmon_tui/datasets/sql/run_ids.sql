-- Purpose: the keys (workspace/run) of all runs since :scan_start_us: a new slice of one of them is no new run, but one
--   that was repaired.
-- Tables: system.lakeflow.job_run_timeline
-- Grants: SELECT on system.lakeflow
SELECT DISTINCT CONCAT(COALESCE(workspace_id, ''), '/', run_id) AS run_key
FROM system.lakeflow.job_run_timeline
WHERE period_start_time >= timestamp_micros(:scan_start_us)
  AND period_start_time < timestamp_micros(:window_end_us)
  AND run_id IS NOT NULL
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
ORDER BY run_key
LIMIT :row_limit
