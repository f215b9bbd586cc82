-- Fragment: the finished statements that ended since :since_us in `queries`, each once, the monitor's own left out.
-- Why so: a window is its end times; start_time is the column that prunes best, so the scan says it too, a month
-- wide, because a statement may run for days. as_of counts our own statements, because they prove that the table
-- has come this far.
recent AS (
  SELECT
    workspace_id, statement_id, execution_status, executed_by, compute.warehouse_id AS warehouse_id, statement_type,
    statement_text, error_message, client_application, query_tags, start_time, end_time, total_duration_ms,
    waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms, compilation_duration_ms, execution_duration_ms,
    read_rows, read_bytes, produced_rows, spilled_local_bytes, from_result_cache
  FROM system.query.history
  WHERE (start_time >= timestamp_micros(:scan_start_us) OR start_time IS NULL)
    AND end_time >= timestamp_micros(:since_us)
    AND end_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
  QUALIFY statement_id IS NULL
    OR ROW_NUMBER() OVER (PARTITION BY workspace_id, statement_id ORDER BY update_time DESC, end_time DESC) = 1
),
head AS (
  SELECT MAX(end_time) AS as_of FROM recent
),
queries AS (
  SELECT
    workspace_id,
    statement_id,
    CASE WHEN UPPER(execution_status) = 'CANCELLED' THEN 'CANCELED' ELSE UPPER(execution_status) END AS status,
    executed_by AS user_email,
    warehouse_id,
    statement_type,
    statement_text,
    NULLIF(regexp_extract(error_message, '^[^A-Za-z]*\\[([A-Z0-9_.]+)\\]', 1), '') AS error_class,
    error_message,
    client_application,
    start_time,
    end_time,
    total_duration_ms,
    waiting_for_compute_duration_ms,
    waiting_at_capacity_duration_ms,
    compilation_duration_ms,
    execution_duration_ms,
    read_rows,
    read_bytes,
    produced_rows,
    spilled_local_bytes,
    from_result_cache
  FROM recent
  WHERE COALESCE(query_tags['app'], '') <> 'sysmon_tui'
    AND COALESCE(client_application, '') NOT LIKE 'sysmon!_tui%' ESCAPE '!'
)
