-- Purpose: what the rules about runs would have raised over a window: each page, and the jobs that made the noise.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- The window begins :lead_us early, so that what was under way at its start is known and is no page of it. A row of
-- failures is followed as far back as the scan goes. Jobs that have been deleted since were not when they failed.
WITH
-- include: backtest_rules
,
slices AS (
  SELECT workspace_id, job_id, run_id, period_end_time, UPPER(result_state) AS result_state, run_name, period_start_time
  FROM system.lakeflow.job_run_timeline
  WHERE period_start_time >= timestamp_micros(:scan_start_us)
    AND period_start_time < timestamp_micros(:window_end_us)
    AND period_end_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
),
head AS (
  SELECT MAX(period_end_time) AS as_of FROM slices WHERE period_end_time >= timestamp_micros(:window_start_us)
),
suspects AS (
  SELECT DISTINCT workspace_id, job_id
  FROM slices
  WHERE period_end_time >= timestamp_micros(:window_start_us)
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
    workspace_id,
    job_id,
    run_id,
    run_name,
    CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(job_id, '')) AS job,
    end_time,
    status IN ('SUCCEEDED', 'SUCCESS') AS is_success,
    status IN ('FAILED', 'ERROR', 'TIMED_OUT', 'TIMEDOUT') AS is_failure,
    SUM(CASE WHEN status IN ('SUCCEEDED', 'SUCCESS') THEN 1 ELSE 0 END) OVER (
      PARTITION BY workspace_id, job_id ORDER BY end_time, run_id ROWS UNBOUNDED PRECEDING
    ) AS era
  FROM finished
),
numbered AS (
  SELECT
    eras.*,
    SUM(CASE WHEN is_failure THEN 1 ELSE 0 END) OVER (
      PARTITION BY workspace_id, job_id, era ORDER BY end_time, run_id ROWS UNBOUNDED PRECEDING
    ) AS failures
  FROM eras
),
eras_of_failures AS (
  SELECT
    job,
    era,
    MAX(run_name) AS run_name,
    CAST(MAX(failures) AS BIGINT) AS failures,
    MIN(CASE WHEN is_success THEN end_time END) AS began_at,
    MIN(CASE WHEN is_failure AND failures = rules.threshold THEN end_time END) AS crossed_at
  FROM numbered
  LEFT JOIN rules ON rules.rule = 'workflow.consecutive_failures'
  GROUP BY job, era
),
-- The success that begins an era ends the failures of the one before.
streaks AS (
  SELECT
    eras_of_failures.*,
    LEAD(began_at) OVER (PARTITION BY job ORDER BY era) AS resolved_at
  FROM eras_of_failures
),
rule_events AS (
  SELECT
    rules.*,
    '' AS entity,
    unix_micros(end_time) AS at_us,
    CAST(NULL AS STRING) AS counted,
    job AS who,
    CAST(NULL AS STRING) AS what
  FROM numbered
  JOIN rules ON rules.rule = 'workflow.failed_per_hour'
  WHERE is_failure
    AND end_time >= timestamp_micros(:window_start_us)
),
-- include: backtest_islands
,
-- A row of failures holds from the run that reached the threshold to the success that ends it.
islands AS (
  SELECT * FROM counted_islands
  UNION ALL
  SELECT
    'workflow.consecutive_failures' AS rule,
    job AS entity,
    unix_micros(crossed_at) AS start_us,
    COALESCE(unix_micros(resolved_at), :window_end_us) AS until_us,
    failures AS value
  FROM streaks
  WHERE crossed_at IS NOT NULL
),
-- include: backtest_episodes
,
job_names AS (
  SELECT CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(job_id, '')) AS job, name
  FROM system.lakeflow.jobs
  WHERE (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
  QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id ORDER BY change_time DESC) = 1
),
run_names AS (
  SELECT job, MAX(run_name) AS run_name FROM eras_of_failures GROUP BY job
)
SELECT
  found.kind,
  found.rule,
  found.side,
  found.entity,
  CASE
    WHEN found.entity <> ''
      THEN COALESCE(NULLIF(job_names.name, ''), run_names.run_name, CONCAT('job ', split(found.entity, '/')[1]))
    ELSE found.entity
  END AS label,
  timestamp_micros(found.started_us) AS started_at,
  CASE WHEN found.ended_us <= unix_micros(head.as_of) THEN timestamp_micros(found.ended_us) END AS ended_at,
  found.peak,
  found.total,
  head.as_of
FROM head
LEFT JOIN found ON TRUE
LEFT JOIN job_names ON job_names.job = found.entity
LEFT JOIN run_names ON run_names.job = found.entity
ORDER BY found.kind, found.started_us DESC, found.rule, found.total DESC, found.entity
LIMIT :row_limit
