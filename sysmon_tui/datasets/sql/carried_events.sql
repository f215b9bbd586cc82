-- Purpose: warehouse events for the local copy: those since :since_us and, of each warehouse, what it was before: its
--   last event, the last that says a state, the last that says whether it is up, the last that says how a start went,
--   and the last that it scaled.
-- Tables: system.compute.warehouse_events
-- Grants: SELECT on system.compute
WITH events AS (
  SELECT
    workspace_id, warehouse_id, event_type, cluster_count, event_time,
-- include: event_steps
  FROM system.compute.warehouse_events
  WHERE event_time >= timestamp_micros(:scan_start_us)
    AND event_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
),
before AS (
  SELECT
    workspace_id, warehouse_id, step,
    named_struct('at', event_time, 'step', step, 'kind', event_type, 'clusters', cluster_count) AS event
  FROM events
  WHERE event_time < timestamp_micros(:since_us)
),
last_before AS (
  SELECT
    workspace_id,
    warehouse_id,
    MAX(event) AS any_event,
    MAX(CASE WHEN step IN (1, 2, 5, 6) THEN event END) AS state_event,
    MAX(CASE WHEN step IN (2, 5, 6) THEN event END) AS up_event,
    MAX(CASE WHEN step IN (1, 2, 6) THEN event END) AS start_event,
    MAX(CASE WHEN step IN (3, 4) THEN event END) AS scale_event
  FROM before
  GROUP BY workspace_id, warehouse_id
)
SELECT workspace_id, warehouse_id, event_type, cluster_count, event_time
FROM events
WHERE event_time >= timestamp_micros(:since_us)
UNION
SELECT workspace_id, warehouse_id, any_event.kind, any_event.clusters, any_event.at FROM last_before
UNION
SELECT workspace_id, warehouse_id, state_event.kind, state_event.clusters, state_event.at
FROM last_before
WHERE state_event IS NOT NULL
UNION
SELECT workspace_id, warehouse_id, up_event.kind, up_event.clusters, up_event.at
FROM last_before
WHERE up_event IS NOT NULL
UNION
SELECT workspace_id, warehouse_id, start_event.kind, start_event.clusters, start_event.at
FROM last_before
WHERE start_event IS NOT NULL
UNION
SELECT workspace_id, warehouse_id, scale_event.kind, scale_event.clusters, scale_event.at
FROM last_before
WHERE scale_event IS NOT NULL
ORDER BY event_time DESC, workspace_id, warehouse_id, event_type, cluster_count
LIMIT :row_limit
