-- query.history: the sessions' statements, spread over the time that each is up.

INSERT INTO query.history BY NAME
WITH counted AS (
  SELECT *, unnest(range(floor(weight * $query_rate + unit(h, 60))::BIGINT)) AS i
  FROM session
  WHERE slot_from_s >= $from AND slot_from_s < $to
), keyed AS (
  SELECT * EXCLUDE (h), hash($seed, 'query', warehouse_no, slot, i) AS h FROM counted
), drawn AS (
  SELECT *,
    -- Half of what runs on the mixed machines writes; the BI and ad-hoc ones are asked.
    below(h, 1, 2048) + if(habit = 'etl' OR (habit IN ('none', 'steady', 'failing') AND h % 2 = 0), 2048, 0) AS pool_no,
    unit(h, 2) AS place, unit(h, 3) AS fate, unit(h, 4) < 0.10 AS cached,
    habit = 'queueing' AND in_habit AND unit(h, 5) < 0.6 AS queued
  FROM keyed
), timed AS (
  SELECT *,
    ((running_s + place * 0.98 * (stopping_s - running_s)) * 1000)::BIGINT + below(h, 6, 1000) AS start_ms,
    fate < $query_fault_share AS failed,
    fate >= 1 - 0.008 AS canceled,
    -- The first statements of a session waited for it.
    CASE WHEN place < 0.004 AND start_s > 0 THEN (running_s - starting_s) * 1000 ELSE 0 END AS start_wait_ms,
    CASE WHEN queued THEN lognormal(h, 7, 45000, 0.5) ELSE 0 END::BIGINT AS queue_ms,
    (15 + lognormal(h, 10, 120, 0.7))::BIGINT AS compile_ms,
    CASE WHEN cached THEN 0 ELSE lognormal(h, 13, 1, 0.9) END AS bulk
  FROM drawn JOIN statement_pool USING (pool_no)
), measured AS (
  SELECT *,
    -- No statement outlives its session, and one that does not parse is never executed.
    least((median_ms * bulk * if(failed, 0.3, 1))::BIGINT,
      greatest(0, stopping_s * 1000 - start_ms - start_wait_ms - queue_ms - compile_ms)) AS execute_ms,
    (read_mb * bulk * 1048576)::BIGINT AS bytes
  FROM timed
), ended AS (
  SELECT measured.*, message, parses,
    start_wait_ms + queue_ms + compile_ms + execute_ms AS total_ms,
    start_ms + start_wait_ms + queue_ms + compile_ms + execute_ms AS end_ms
  FROM measured LEFT JOIN statement_error ON error_no = CASE WHEN failed THEN below(h, 20, 12) END
)
SELECT account_id() AS account_id, workspace_id,
  uuid_of(h, 30) AS statement_id,
  executed_by, uuid_of(hash($seed, 'connection', warehouse_no, slot, i // 12), 0) AS session_id,
  CASE WHEN failed THEN 'FAILED' WHEN canceled THEN 'CANCELED' ELSE 'FINISHED' END AS execution_status,
  {'type': if(warehouse_id IS NULL, 'SERVERLESS_COMPUTE', 'WAREHOUSE'), 'cluster_id': NULL, 'warehouse_id': warehouse_id}
    AS compute,
  executed_by_user_id,
  -- The staging workspace has a customer-managed key: its texts are empty, a few are absent.
  CASE WHEN workspace_no = 2 THEN if(h % 40 = 0, NULL, '') ELSE statement_text END AS statement_text,
  CASE WHEN parses IS DISTINCT FROM false THEN statement_type END AS statement_type,
  CASE WHEN failed THEN if(workspace_no = 2, '', message) END AS error_message,
  client AS client_application,
  CASE WHEN is_job THEN NULL ELSE 'Databricks JDBC Driver' END AS client_driver,
  total_ms AS total_duration_ms,
  start_wait_ms AS waiting_for_compute_duration_ms, queue_ms AS waiting_at_capacity_duration_ms,
  execute_ms AS execution_duration_ms, compile_ms AS compilation_duration_ms,
  (execute_ms * (2 + below(h, 21, 30)))::BIGINT AS total_task_duration_ms,
  below(h, 22, 300) AS result_fetch_duration_ms,
  make_timestamp(start_ms * 1000) AS start_time, make_timestamp(end_ms * 1000) AS end_time,
  make_timestamp(end_ms * 1000 + 850000) AS update_time,
  below(h, 23, 30) AS read_partitions, below(h, 24, 400) AS pruned_files, bytes // 33554432 + 1 AS read_files,
  bytes // 120 AS read_rows, CASE WHEN failed THEN 0 ELSE (1 + lognormal(h, 25, 60, 1.5))::BIGINT END AS produced_rows,
  bytes AS read_bytes, below(h, 28, 101)::TINYINT AS read_io_cache_percent, cached AS from_result_cache,
  CASE WHEN bulk > 4 THEN bytes // 3 ELSE 0 END AS spilled_local_bytes,
  CASE WHEN statement_type IN ('MERGE', 'INSERT', 'COPY', 'OPTIMIZE') THEN bytes // 2 ELSE 0 END AS written_bytes,
  bytes // 5 AS shuffle_read_bytes,
  {'job_info': CASE WHEN is_job AND job_no IS NOT NULL THEN {
      'job_id': job_id_of(id_no),
      'job_run_id': run_id_of(id_no, run_minute(start_ms // 1000, phase_s, period_s, $dense_from)),
      'job_task_run_id': task_run_id_of(id_no, run_minute(start_ms // 1000, phase_s, period_s, $dense_from), 0)} END,
   'legacy_dashboard_id': NULL, 'dashboard_id': dashboard_id, 'alert_id': alert_id, 'notebook_id': NULL,
   'sql_query_id': sql_query_id, 'genie_space_id': genie_space_id, 'pipeline_info': NULL} AS query_source,
  executed_by_user_id AS executed_as_user_id, executed_by AS executed_as,
  CASE WHEN statement_type IN ('MERGE', 'INSERT', 'COPY') THEN bytes // 200 ELSE 0 END AS written_rows,
  CASE WHEN statement_type IN ('MERGE', 'INSERT', 'COPY') THEN 1 + bytes // 134217728 ELSE 0 END AS written_files,
  CASE WHEN cached THEN uuid_of(h, 34) END AS cache_origin_statement_id,
  query_tags,
  bytes * 3 AS pruned_files_bytes, bytes AS read_files_bytes,
  make_timestamp((end_ms + 1000 * lag_s(h, 36, 2, 15)) * 1000) AS arrival
FROM ended
-- The plain jobs of the first cycle; a statement belongs to one of its own workspace or to none.
LEFT JOIN (SELECT job_no, workspace_no AS job_workspace_no, id_no, phase_s, period_s FROM job) AS j
  ON j.job_no = 18 + below(h, 40, 24) AND j.job_workspace_no = workspace_no;
