-- query.history of the data incident: the table that journey_orchestrator feeds from was dropped and a
-- grant went with it, so its readers fail from 80 minutes before the climax until 20 after.

INSERT INTO query.history BY NAME
WITH failing AS (
  SELECT climax_s, i, climax_s - 4800 + i * 110 + below(hash($seed, 'fail', turn, i), 0, 100) AS start_s,
    hash($seed, 'fail', turn, i) AS h
  FROM incidents($from + 4800, $to + 4800, $t0, $data_period), range(54) AS f (i)
)
SELECT account_id() AS account_id, workspace_id, uuid_of(h, 1) AS statement_id,
  if(i % 3 = 0, email, application_id) AS executed_by, uuid_of(h, 3) AS session_id, 'FAILED' AS execution_status,
  {'type': 'WAREHOUSE', 'cluster_id': NULL, 'warehouse_id': warehouse_id} AS compute,
  if(i % 3 = 0, user_id, '8800000000000000') AS executed_by_user_id,
  if(i % 5 = 4,
    'SELECT itinerary_id, leg_no, rebooked_from FROM prod.journey.itineraries WHERE updated_at >= ''' || instant(start_s - 3600) || '''',
    'MERGE INTO prod.journey.itineraries AS t USING prod.journey.itinerary_events AS s ON t.itinerary_id = s.itinerary_id WHEN MATCHED THEN UPDATE SET * /* batch ' || i || ' */')
    AS statement_text,
  if(i % 5 = 4, 'SELECT', 'MERGE') AS statement_type,
  CASE i % 5
    WHEN 3 THEN '[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have permission SELECT on table ''prod.journey.itinerary_events''. SQLSTATE: 42501'
    WHEN 4 THEN '[DELTA_SCHEMA_CHANGE_SINCE_ANALYSIS] The schema of your Delta table has changed in an incompatible way since your DataFrame or DeltaTable object was created. Missing column `rebooked_from`. SQLSTATE: KD007'
    ELSE '[TABLE_OR_VIEW_NOT_FOUND] The table or view `prod`.`journey`.`itinerary_events` cannot be found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01; line 1 pos 41' END
    AS error_message,
  if(i % 3 = 0, 'Databricks SQL Editor', 'Databricks Jobs') AS client_application,
  300 + below(h, 5, 900) AS total_duration_ms, 0 AS waiting_for_compute_duration_ms,
  0 AS waiting_at_capacity_duration_ms, 0 AS execution_duration_ms, 300 + below(h, 5, 900) AS compilation_duration_ms,
  0 AS total_task_duration_ms, 0 AS result_fetch_duration_ms,
  instant(start_s) AS start_time, make_timestamp(start_s * 1000000 + (300 + below(h, 5, 900)) * 1000) AS end_time,
  instant(start_s + 2) AS update_time, 0 AS read_files, 0 AS read_rows, 0 AS produced_rows, 0 AS read_bytes,
  false AS from_result_cache, 0 AS spilled_local_bytes,
  {'job_info': CASE WHEN i % 3 <> 0 THEN {
      'job_id': job_id_of(id_no),
      'job_run_id': run_id_of(id_no, run_minute(start_s, phase_s, period_s, $dense_from)),
      'job_task_run_id': task_run_id_of(id_no, run_minute(start_s, phase_s, period_s, $dense_from), 0)} END,
   'legacy_dashboard_id': NULL, 'dashboard_id': NULL, 'alert_id': NULL, 'notebook_id': NULL, 'sql_query_id': NULL,
   'genie_space_id': NULL, 'pipeline_info': NULL} AS query_source,
  instant(start_s + 120 + below(h, 6, 240)) AS arrival
FROM failing
JOIN (SELECT warehouse_no, warehouse_id, workspace_id FROM warehouse) AS w ON warehouse_no = 1
JOIN (SELECT job_no, id_no, phase_s, period_s FROM job) AS j ON job_no = i % 4
JOIN person ON person_no = below(h, 7, 48)
JOIN principal AS p ON principal_no = 0
ORDER BY start_s;
