-- What the alert rules would count, each as one number: in the hour before the table's head, mostly.

-- failed runs
SELECT count(*) FROM lakeflow.job_run_timeline
WHERE result_state IN ('FAILED', 'ERROR', 'TIMED_OUT') AND period_end_time >
  (SELECT max(period_end_time) FROM lakeflow.job_run_timeline) - INTERVAL 1 HOUR;

-- journey_orchestrator's trailing failures
WITH ended AS (
  SELECT max_by(result_state, period_end_time) AS state, max(period_end_time) AS at_time
  FROM lakeflow.job_run_timeline r WHERE result_state IS NOT NULL AND EXISTS (SELECT 1 FROM lakeflow.jobs j
    WHERE j.name = 'journey_orchestrator' AND j.job_id = r.job_id AND j.workspace_id = r.workspace_id)
  GROUP BY run_id)
SELECT count(*) FROM ended
WHERE at_time > (SELECT max(at_time) FROM ended WHERE state = 'SUCCEEDED') AND state = 'FAILED';

-- failed queries
SELECT count(*) FROM query.history
WHERE execution_status = 'FAILED' AND end_time > (SELECT max(end_time) FROM query.history) - INTERVAL 1 HOUR;

-- failed logins
SELECT count(*) FROM access.audit
WHERE action_name ILIKE '%login%' AND response.status_code IN (401, 403)
  AND event_time > (SELECT max(event_time) FROM access.audit) - INTERVAL 1 HOUR;

-- users sprayed from one address
SELECT coalesce(max(users), 0) FROM (
  SELECT count(DISTINCT request_params['user']) AS users FROM access.audit
  WHERE action_name ILIKE '%login%' AND response.status_code IN (401, 403)
    AND event_time > (SELECT max(event_time) FROM access.audit) - INTERVAL 1 HOUR
  GROUP BY split_part(source_ip_address, ':', 1));

-- failed starts
WITH step AS (
  SELECT event_type, lead(event_type) OVER w AS next, event_time FROM compute.warehouse_events
  WINDOW w AS (PARTITION BY warehouse_id ORDER BY event_time))
SELECT count(*) FROM step WHERE event_type = 'STARTING' AND next IN ('STOPPING', 'STOPPED')
  AND event_time > (SELECT max(event_time) FROM compute.warehouse_events) - INTERVAL 2 HOUR;

-- queries queued at capacity
SELECT count(*) FROM query.history
WHERE waiting_at_capacity_duration_ms > 10000
  AND end_time > (SELECT max(end_time) FROM query.history) - INTERVAL 1 HOUR;

-- warehouses up for two hours without a query
WITH up AS (
  SELECT warehouse_id, max_by(event_type, event_time) AS state,
    max(event_time) FILTER (event_type = 'STARTING') AS since
  FROM compute.warehouse_events GROUP BY 1)
SELECT count(*) FROM up WHERE state NOT IN ('STOPPED', 'STOPPING')
  AND since < (SELECT max(event_time) FROM compute.warehouse_events) - INTERVAL 2 HOUR
  AND NOT EXISTS (SELECT 1 FROM query.history q
    WHERE q.compute.warehouse_id = up.warehouse_id AND q.end_time > up.since);
