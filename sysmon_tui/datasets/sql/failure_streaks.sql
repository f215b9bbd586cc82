-- Purpose: per job, the rows of failed runs with no success between them that reached the threshold, however far back.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- A streak is open until a run succeeds; CANCELLED and SKIPPED neither count nor end it. Jobs that have not failed
-- since :recent_us, and deleted jobs, are left out: nobody can mend them by a success.
-- Closed streaks are answered when they closed at or after :window_start_us.
WITH slices AS (
  SELECT workspace_id, job_id, run_id, period_end_time, UPPER(result_state) AS result_state, run_name, period_start_time
  FROM system.lakeflow.job_run_timeline
  WHERE period_start_time >= timestamp_micros(:scan_start_us)
    AND period_start_time < timestamp_micros(:window_end_us)
    AND period_end_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
),
head AS (
  SELECT MAX(period_end_time) AS as_of FROM slices WHERE period_start_time >= timestamp_micros(:recent_us)
),
suspects AS (
  SELECT DISTINCT workspace_id, job_id
  FROM slices
  WHERE period_start_time >= timestamp_micros(:recent_us)
    AND result_state IN ('FAILED', 'ERROR', 'TIMED_OUT', 'TIMEDOUT')
),
considered AS (
  SELECT slices.*
  FROM slices
  JOIN suspects ON suspects.workspace_id = slices.workspace_id AND suspects.job_id = slices.job_id
),
-- include: finished_runs
,
-- `era` counts the successes so far: the failures of one era follow each other without a success between.
eras AS (
  SELECT
    finished.*,
    SUM(CASE WHEN status IN ('SUCCEEDED', 'SUCCESS') THEN 1 ELSE 0 END) OVER (
      PARTITION BY workspace_id, job_id ORDER BY end_time, run_id ROWS UNBOUNDED PRECEDING
    ) AS era
  FROM finished
),
era_ends AS (
  SELECT workspace_id, job_id, era - 1 AS ended_era, MIN(end_time) AS resolved_at
  FROM eras
  WHERE status IN ('SUCCEEDED', 'SUCCESS')
  GROUP BY workspace_id, job_id, era
),
numbered AS (
  SELECT
    eras.*,
    ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id, era ORDER BY end_time, run_id) AS position,
    ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id, era ORDER BY end_time DESC, run_id DESC) AS newest
  FROM eras
  WHERE status IN ('FAILED', 'ERROR', 'TIMED_OUT', 'TIMEDOUT')
),
streaks AS (
  SELECT
    workspace_id,
    job_id,
    era,
    MAX(run_name) AS run_name,
    COUNT(*) AS failures,
    MIN(end_time) AS first_failure,
    MAX(end_time) AS last_failure,
    MIN(CASE WHEN position = :threshold THEN end_time END) AS crossed_at,
    -- The runs to look at, newest first: `01/<run_id>,02/<run_id>`.
    array_join(
      sort_array(collect_list(CASE WHEN newest <= 20 THEN CONCAT(LPAD(CAST(newest AS STRING), 2, '0'), '/', run_id) END)),
      ','
    ) AS last_runs
  FROM numbered
  GROUP BY workspace_id, job_id, era
  HAVING COUNT(*) >= :threshold
),
job_names AS (
  SELECT workspace_id, job_id, name, delete_time
  FROM system.lakeflow.jobs
  WHERE (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
  QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id ORDER BY change_time DESC) = 1
),
answer AS (
  SELECT
    streaks.workspace_id,
    streaks.job_id,
    COALESCE(NULLIF(job_names.name, ''), streaks.run_name, CONCAT('job ', streaks.job_id)) AS workflow_name,
    streaks.failures,
    streaks.first_failure,
    streaks.last_failure,
    streaks.crossed_at,
    streaks.last_runs,
    era_ends.resolved_at
  FROM streaks
  LEFT JOIN era_ends
    ON era_ends.workspace_id = streaks.workspace_id AND era_ends.job_id = streaks.job_id
    AND era_ends.ended_era = streaks.era
  LEFT JOIN job_names ON job_names.workspace_id = streaks.workspace_id AND job_names.job_id = streaks.job_id
  WHERE job_names.delete_time IS NULL
    AND streaks.last_failure >= timestamp_micros(:recent_us)
    AND (era_ends.resolved_at IS NULL OR era_ends.resolved_at >= timestamp_micros(:window_start_us))
)
SELECT answer.*, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY answer.last_failure DESC, answer.workspace_id, answer.job_id, answer.crossed_at
LIMIT :row_limit
