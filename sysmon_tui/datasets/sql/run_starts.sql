-- Purpose: when runs began that are longer than what the other statements scan: continuous jobs.
-- Tables: system.lakeflow.job_run_timeline
-- Grants: SELECT on system.lakeflow
SELECT workspace_id, run_id, MIN(period_start_time) AS start_time
FROM system.lakeflow.job_run_timeline
WHERE period_start_time >= timestamp_micros(:window_start_us)
  AND period_start_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
  AND array_contains(split(:run_ids, ','), run_id)
GROUP BY workspace_id, run_id
ORDER BY workspace_id, run_id
LIMIT :row_limit
