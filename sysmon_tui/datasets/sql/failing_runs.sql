-- Purpose: of each job the last success that ended before :since_us, and the failed runs between the two.
-- Tables: system.lakeflow.job_run_timeline
-- Grants: SELECT on system.lakeflow
-- What a row of failures began with before the local copy of the slices begins. A run that ended anew after that is in
-- the copy, whatever it was before. The runs of :run_keys have been repaired since: what they were says nothing now.
WITH considered AS (
  SELECT workspace_id, job_id, run_id, period_start_time, period_end_time, UPPER(result_state) AS result_state, run_name
  FROM system.lakeflow.job_run_timeline
  WHERE period_start_time >= timestamp_micros(:scan_start_us)
    AND period_start_time < timestamp_micros(:window_end_us)
    AND period_end_time < timestamp_micros(:window_end_us)
    AND NOT array_contains(split(:run_keys, ','), CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(run_id, '')))
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
),
-- include: finished_runs
, placed AS (
  SELECT
    finished.*,
    SUM(CASE WHEN status IN ('SUCCEEDED', 'SUCCESS') THEN 1 ELSE 0 END) OVER (
      PARTITION BY workspace_id, job_id ORDER BY end_time DESC, run_id DESC ROWS UNBOUNDED PRECEDING
    ) AS successes_since
  FROM finished
  WHERE end_time < timestamp_micros(:since_us)
)
SELECT workspace_id, job_id, run_id, run_name, end_time, status AS result_state
FROM placed
WHERE (successes_since = 0 AND status IN ('FAILED', 'ERROR', 'TIMED_OUT', 'TIMEDOUT'))
  OR (successes_since = 1 AND status IN ('SUCCEEDED', 'SUCCESS'))
ORDER BY end_time DESC, workspace_id, run_id
LIMIT :row_limit
