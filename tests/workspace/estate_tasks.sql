-- The task runs that have begun, of a job run or with an id of their own; as estate_runs.sql in all else.
SELECT run_id, job_id, job_run_id, task_key,
  epoch_ms(min(period_start_time)) AS start_ms,
  epoch_ms(max(period_end_time)) AS end_ms,
  max(period_end_time) > max(clock.now) AS is_active,
  arg_max(result_state, period_end_time) AS result_state,
  arg_max(termination_code, period_end_time) AS termination_code,
  arg_max(termination_type, period_end_time) AS termination_type,
  arg_max(setup_duration_seconds, period_end_time) AS setup_s,
  arg_max(execution_duration_seconds, period_end_time) AS execution_s,
  arg_max(cleanup_duration_seconds, period_end_time) AS cleanup_s
FROM demo_estate.lakeflow.job_task_run_timeline, demo_estate.main.clock AS clock
WHERE workspace_id = $workspace_id AND period_start_time <= clock.now AND $run_id IN (run_id, job_run_id)
GROUP BY run_id, job_id, job_run_id, task_key
HAVING max(period_end_time) >= max(clock.now) - INTERVAL 60 DAY
ORDER BY start_ms, run_id
