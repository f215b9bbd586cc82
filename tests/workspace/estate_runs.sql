-- The runs of one workspace as the service knows them at the estate's now: also those, and the parts of those,
-- that have no row in the published tables yet. Nothing is known of a run that ended more than 60 days ago.
WITH slice AS (
  SELECT timeline.*, clock.now AS asked_at
  FROM demo_estate.lakeflow.job_run_timeline AS timeline, demo_estate.main.clock AS clock
  WHERE workspace_id = $workspace_id AND ($run_id IS NULL OR run_id = $run_id) AND period_start_time <= clock.now
), run AS (
  SELECT run_id, job_id,
    any_value(run_type) AS run_type,
    any_value(run_name) AS run_name,
    arg_max(trigger_type, period_end_time) AS trigger_type,
    epoch_ms(min(period_start_time)) AS start_ms,
    epoch_ms(max(period_end_time)) AS end_ms,
    max(period_end_time) > max(asked_at) AS is_active,
    arg_max(result_state, period_end_time) AS result_state,
    arg_max(termination_code, period_end_time) AS termination_code,
    arg_max(termination_type, period_end_time) AS termination_type,
    arg_max(setup_duration_seconds, period_end_time) AS setup_s,
    arg_max(queue_duration_seconds, period_end_time) AS queue_s,
    arg_max(execution_duration_seconds, period_end_time) AS execution_s,
    arg_max(cleanup_duration_seconds, period_end_time) AS cleanup_s
  FROM slice
  GROUP BY run_id, job_id
  HAVING max(period_end_time) >= max(asked_at) - INTERVAL 60 DAY
), named AS (
  SELECT job_id, name, creator_user_name
  FROM demo_estate.lakeflow.jobs, demo_estate.main.clock AS clock
  WHERE workspace_id = $workspace_id AND change_time <= clock.now
  QUALIFY row_number() OVER (PARTITION BY job_id ORDER BY change_time DESC) = 1
)
SELECT run.* REPLACE (coalesce(run_name, name) AS run_name), creator_user_name
FROM run LEFT JOIN named USING (job_id)
WHERE is_active OR NOT $active_only
ORDER BY start_ms DESC, run_id DESC
