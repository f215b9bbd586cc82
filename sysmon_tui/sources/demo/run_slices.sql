-- lakeflow.job_run_timeline and job_task_run_timeline from the attempts. A run of an hour or less is one
-- row. A longer one is cut at clock hours; one from before $slicing_changed_s every hour from its start.
-- Only the last slice of an attempt knows how it ended; each slice arrives by itself after it is complete,
-- soon where an incident or a stream is to be seen at any time.

CREATE OR REPLACE TEMP TABLE run_slice AS
WITH cut AS (
  SELECT *,
    CASE WHEN ended_s - started_s <= 3600 THEN ended_s
         WHEN started_s < $slicing_changed_s THEN started_s + 3600
         ELSE (started_s // 3600 + 1) * 3600 END AS first_cut_s
  FROM attempt
), sliced AS (
  SELECT *, unnest(range(1 + greatest(0, ceil((ended_s - first_cut_s) / 3600)::BIGINT))) AS slice FROM cut
)
SELECT *,
  CASE WHEN slice = 0 THEN started_s ELSE first_cut_s + (slice - 1) * 3600 END AS slice_from_s,
  least(ended_s, first_cut_s + slice * 3600) AS slice_to_s,
  first_cut_s + slice * 3600 >= ended_s AS is_last,
  is_last AND started_s >= $durations_added_s AS has_details,
  hit OR role IS NOT DISTINCT FROM 'stream' AS prompt,
  CASE WHEN NOT is_last THEN NULL ELSE CASE verdict
    WHEN 'SUCCEEDED' THEN if(unit(h, 40) < 0.01, 'SUCCESS_WITH_FAILURES', 'SUCCESS')
    WHEN 'FAILED' THEN if(hit, 'RUN_EXECUTION_ERROR', pick(h, 41, ['RUN_EXECUTION_ERROR', 'RUN_EXECUTION_ERROR',
      'RUN_EXECUTION_ERROR', 'LIBRARY_INSTALLATION_ERROR', 'RESOURCE_NOT_FOUND', 'UNAUTHORIZED_ERROR']))
    WHEN 'ERROR' THEN pick(h, 42, ['INTERNAL_ERROR', 'DRIVER_ERROR', 'CLUSTER_ERROR', 'CLOUD_FAILURE',
      'STORAGE_ACCESS_ERROR'])
    WHEN 'TIMED_OUT' THEN 'CANCELED'
    WHEN 'CANCELLED' THEN 'USER_CANCELED'
    WHEN 'SKIPPED' THEN pick(h, 43, ['SKIPPED', 'MAX_CONCURRENT_RUNS_EXCEEDED'])
    ELSE 'WORKSPACE_RUN_LIMIT_EXCEEDED' END END AS code
FROM sliced;

INSERT INTO lakeflow.job_run_timeline BY NAME
SELECT account_id() AS account_id, workspace_id,
  if(run_type = 'JOB_RUN', job_id_of(id_no), job_id_of(20000 + minute)) AS job_id,
  run_id_of(id_no, minute) AS run_id,
  instant(slice_from_s) AS period_start_time, instant(slice_to_s) AS period_end_time,
  CASE attempt WHEN 2 THEN 'ONETIME_RETRY' ELSE trigger_type END AS trigger_type,
  CASE WHEN is_last THEN verdict END AS result_state,
  run_type,
  CASE run_type WHEN 'SUBMIT_RUN' THEN 'ADF_halden_' || name || '_' || minute
                WHEN 'WORKFLOW_RUN' THEN if(h % 2 = 0, name, NULL) END AS run_name,
  CASE run_type WHEN 'WORKFLOW_RUN' THEN ['0812-' || lpad((h % 1000000)::VARCHAR, 6, '0') || '-ops1'] END AS compute_ids,
  code AS termination_code,
  CASE WHEN task_count > 1 THEN
    MAP {'run_date': MAP {'value': strftime(instant(started_s), '%Y-%m-%d'), 'default': ''}} END AS job_parameters,
  CASE WHEN run_type = 'WORKFLOW_RUN' AND started_s >= $durations_added_s
    THEN task_run_id_of(1, minute, 0) END AS source_task_run_id,
  CASE WHEN run_type = 'WORKFLOW_RUN' AND started_s >= $durations_added_s
    THEN task_run_id_of(1, minute, 0) END AS root_task_run_id,
  CASE WHEN started_s >= $durations_added_s THEN [{'type': 'SERVERLESS', 'cluster_id': NULL, 'warehouse_id': NULL}] END
    AS compute,
  CASE WHEN has_details THEN CASE
    WHEN code IN ('SUCCESS', 'SUCCESS_WITH_FAILURES', 'SKIPPED') THEN 'SUCCESS'
    WHEN code = 'CLOUD_FAILURE' THEN 'CLOUD_FAILURE'
    WHEN verdict = 'ERROR' THEN 'INTERNAL_ERROR'
    ELSE 'CLIENT_ERROR' END END AS termination_type,
  -- A run of several tasks reports 0 for all but its total; some totals are 0 too, which means absent.
  CASE WHEN has_details THEN if(task_count > 1, 0, 3 + below(h, 50, 40)) END AS setup_duration_seconds,
  CASE WHEN has_details AND task_count = 1 THEN below(h, 51, 25) END AS queue_duration_seconds,
  CASE WHEN has_details THEN if(unit(h, 52) < 0.05, 0, total_s) END AS run_duration_seconds,
  CASE WHEN has_details THEN if(task_count > 1, 0, below(h, 53, 6)) END AS cleanup_duration_seconds,
  CASE WHEN has_details THEN if(task_count > 1, 0, greatest(0, total_s - 45)) END AS execution_duration_seconds,
  instant(slice_to_s + if(prompt, 300 + below(h, 54, 420), lag_s(hash(h, attempt, slice), 0, 5, 40))) AS arrival
FROM run_slice;

-- The tasks of an attempt follow one another; the last one carries the run's verdict. A repair runs the
-- last one alone. Task slices are cut out of the run's slices.
INSERT INTO lakeflow.job_task_run_timeline BY NAME
WITH step AS (
  SELECT *, unnest(CASE attempt WHEN 1 THEN range(task_count) ELSE [task_count - 1] END) AS part
  FROM run_slice
  WHERE run_type <> 'WORKFLOW_RUN' AND verdict NOT IN ('SKIPPED', 'BLOCKED')
), placed AS (
  SELECT *,
    CASE attempt WHEN 1 THEN started_s + (ended_s - started_s) * part // task_count ELSE started_s END AS task_from_s,
    CASE attempt WHEN 1 THEN started_s + (ended_s - started_s) * (part + 1) // task_count ELSE ended_s END AS task_to_s,
    hash(h, attempt, slice, part) AS task_h
  FROM step
), clipped AS (
  SELECT *, greatest(task_from_s, slice_from_s) AS clip_from_s, least(task_to_s, slice_to_s) AS clip_to_s,
    task_to_s <= slice_to_s AS task_ended,
    part = task_count - 1 AS is_last_task
  FROM placed
  WHERE task_from_s < slice_to_s AND task_to_s > slice_from_s
)
SELECT account_id() AS account_id, workspace_id,
  if(run_type = 'JOB_RUN', job_id_of(id_no), job_id_of(20000 + minute)) AS job_id,
  task_run_id_of(id_no, minute, part * 2 + attempt - 1) AS run_id,
  instant(clip_from_s) AS period_start_time, instant(clip_to_s) AS period_end_time,
  ['ingest', 'validate', 'transform', 'enrich', 'aggregate', 'publish'][1 + part] AS task_key,
  CASE WHEN task_h % 3 = 0 THEN ['0930-' || lpad((id_no * 7919 % 1000000)::VARCHAR, 6, '0') || '-jobs'] END AS compute_ids,
  CASE WHEN task_ended THEN if(is_last_task, verdict, 'SUCCEEDED') END AS result_state,
  run_id_of(id_no, minute) AS job_run_id,
  run_id_of(id_no, minute) AS parent_run_id,
  CASE WHEN task_ended THEN if(is_last_task, code, 'SUCCESS') END AS termination_code,
  CASE WHEN started_s >= $durations_added_s THEN [{'type': if(task_h % 3 = 0, 'CLUSTER', 'SERVERLESS'),
    'cluster_id': NULL, 'warehouse_id': NULL}] END AS compute,
  CASE WHEN task_ended AND started_s >= $durations_added_s THEN CASE
    WHEN NOT is_last_task OR verdict = 'SUCCEEDED' THEN 'SUCCESS'
    WHEN code = 'CLOUD_FAILURE' THEN 'CLOUD_FAILURE'
    WHEN verdict = 'ERROR' THEN 'INTERNAL_ERROR'
    ELSE 'CLIENT_ERROR' END END AS termination_type,
  CASE WHEN task_ended AND started_s >= $durations_added_s THEN 2 + below(task_h, 1, 30) END AS setup_duration_seconds,
  CASE WHEN task_ended AND started_s >= $durations_added_s THEN below(task_h, 2, 5) END AS cleanup_duration_seconds,
  CASE WHEN task_ended AND started_s >= $durations_added_s
    THEN greatest(0, task_to_s - task_from_s - 35) END AS execution_duration_seconds,
  instant(clip_to_s + if(prompt, 300 + below(task_h, 3, 420), lag_s(task_h, 4, 5, 40))) AS arrival
FROM clipped;
