-- Fragment: the slices of runs since :scan_start_us that have ended before :window_end_us; conditions may follow it.
-- A slice is there once it has ended, so one that does not end in the window is a wrong clock's and is left out.
  SELECT
    workspace_id, job_id, run_id, period_start_time, period_end_time, result_state,
    run_name, run_type, trigger_type, termination_code, termination_type, run_duration_seconds
  FROM system.lakeflow.job_run_timeline
  WHERE period_start_time >= timestamp_micros(:scan_start_us)
    AND period_start_time < timestamp_micros(:window_end_us)
    AND period_end_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
