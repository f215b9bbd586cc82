-- Purpose: what each warehouse did in a window: its state, starts, stops, failed starts, scaling and uptime.
-- Tables: system.compute.warehouse_events, system.compute.warehouses
-- Grants: SELECT on system.compute
-- Uptime runs from RUNNING to the next STOPPING or STOPPED, whatever else is said between, with the state carried in
-- from before the window and cut at as_of: what happened after the newest event is not known. Scaling changes the
-- clusters, not the state: a warehouse may scale while it starts or stops; only where no other event is known does it
-- say that the warehouse ran. Words that we do not know change nothing. Events of one instant are taken in the order in
-- which a warehouse goes through them. RUNNING may repeat. A deleted warehouse is up no longer than until its deletion.
WITH
-- include: warehouse_rows
, stated AS (
  SELECT
    raw_events.*,
    COALESCE(
      LAST_VALUE(CASE WHEN step IN (1, 2, 5, 6) THEN event_type END) IGNORE NULLS OVER (
        PARTITION BY workspace_id, warehouse_id ORDER BY event_time, step, cluster_count ROWS UNBOUNDED PRECEDING
      ),
      LAST_VALUE(CASE WHEN step IN (3, 4) THEN 'RUNNING' END) IGNORE NULLS OVER (
        PARTITION BY workspace_id, warehouse_id ORDER BY event_time, step, cluster_count ROWS UNBOUNDED PRECEDING
      )
    ) AS state,
    LAST_VALUE(CASE WHEN step IN (2, 5, 6) THEN event_type END) IGNORE NULLS OVER (
      PARTITION BY workspace_id, warehouse_id ORDER BY event_time, step, cluster_count ROWS UNBOUNDED PRECEDING
    ) AS ran
  FROM raw_events
  WHERE :warehouse_id IS NULL OR warehouse_id = :warehouse_id
),
events AS (
  SELECT
    stated.*,
    GREATEST(event_time, timestamp_micros(:window_start_us)) AS clipped_start,
    LEAST(
      COALESCE(
        LEAD(event_time) OVER (PARTITION BY workspace_id, warehouse_id ORDER BY event_time, step, cluster_count),
        (SELECT as_of FROM head)
      ),
      (SELECT as_of FROM head)
    ) AS next_time
  FROM stated
),
bounded AS (
  SELECT
    events.*,
    CASE
      WHEN state = 'RUNNING' OR (state = 'STARTING' AND ran = 'RUNNING') THEN GREATEST(
        0,
        unix_micros(LEAST(next_time, COALESCE(known.delete_time, next_time))) - unix_micros(clipped_start)
      )
      ELSE 0
    END AS up_us
  FROM events
  LEFT JOIN known ON known.workspace_id = events.workspace_id AND known.warehouse_id = events.warehouse_id
),
starts AS (
  SELECT
    workspace_id,
    warehouse_id,
    event_type,
    event_time,
    LEAD(event_type) OVER in_order AS next_type,
    LEAD(event_time) OVER in_order AS next_time
  FROM events
  WHERE event_type IN ('STARTING', 'RUNNING', 'STOPPED')
  WINDOW in_order AS (PARTITION BY workspace_id, warehouse_id ORDER BY event_time, step, cluster_count)
),
start_figures AS (
  SELECT
    workspace_id,
    warehouse_id,
    COUNT_IF(next_type = 'STOPPED') AS failures,
    median(
      CASE
        WHEN next_type = 'RUNNING' THEN CAST(unix_micros(next_time) - unix_micros(event_time) AS DOUBLE) / 1000000
      END
    ) AS start_latency_p50_seconds
  FROM starts
  WHERE event_type = 'STARTING' AND event_time >= timestamp_micros(:window_start_us)
  GROUP BY workspace_id, warehouse_id
),
figures AS (
  SELECT
    workspace_id,
    warehouse_id,
    MAX_BY(
      named_struct('state', state, 'cluster_count', cluster_count),
      named_struct('at', event_time, 'step', step, 'clusters', COALESCE(cluster_count, -1))
    ) AS last_event,
    MAX(event_time) AS last_event_time,
    COUNT_IF(event_time >= timestamp_micros(:window_start_us) AND event_type = 'STARTING') AS starts,
    COUNT_IF(event_time >= timestamp_micros(:window_start_us) AND event_type = 'STOPPED') AS stops,
    COUNT_IF(event_time >= timestamp_micros(:window_start_us) AND event_type = 'SCALED_UP') AS scale_ups,
    COUNT_IF(event_time >= timestamp_micros(:window_start_us) AND event_type = 'SCALED_DOWN') AS scale_downs,
    COUNT_IF(event_time >= timestamp_micros(:window_start_us)) AS events,
    CAST(SUM(up_us) AS DOUBLE) / 1000000 AS uptime_seconds,
    CAST(SUM(up_us * COALESCE(cluster_count, 1)) AS DOUBLE) / 1000000 AS cluster_seconds
  FROM bounded
  GROUP BY workspace_id, warehouse_id
),
answer AS (
  SELECT
    COALESCE(known.workspace_id, figures.workspace_id) AS workspace_id,
    COALESCE(known.warehouse_id, figures.warehouse_id) AS warehouse_id,
    known.warehouse_name,
    known.warehouse_size,
    known.warehouse_type,
    known.auto_stop_minutes,
    CASE
      WHEN known.delete_time IS NOT NULL THEN 'DELETED'
      ELSE figures.last_event.state
    END AS state,
    CASE
      WHEN known.delete_time IS NOT NULL OR figures.last_event.state IN ('STOPPING', 'STOPPED') THEN 0
      ELSE figures.last_event.cluster_count
    END AS cluster_count,
    figures.last_event_time,
    COALESCE(figures.starts, 0) AS starts,
    COALESCE(figures.stops, 0) AS stops,
    COALESCE(start_figures.failures, 0) AS failures,
    COALESCE(figures.scale_ups, 0) AS scale_ups,
    COALESCE(figures.scale_downs, 0) AS scale_downs,
    COALESCE(figures.uptime_seconds, 0) AS uptime_seconds,
    COALESCE(figures.cluster_seconds, 0) AS cluster_seconds,
    start_figures.start_latency_p50_seconds
  FROM known
  FULL OUTER JOIN figures
    ON figures.workspace_id = known.workspace_id AND figures.warehouse_id = known.warehouse_id
  LEFT JOIN start_figures
    ON start_figures.workspace_id = COALESCE(known.workspace_id, figures.workspace_id)
    AND start_figures.warehouse_id = COALESCE(known.warehouse_id, figures.warehouse_id)
  WHERE (:warehouse_id IS NULL OR COALESCE(known.warehouse_id, figures.warehouse_id) = :warehouse_id)
    AND (known.delete_time IS NULL OR figures.events > 0 OR figures.uptime_seconds > 0)
)
SELECT answer.*, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY answer.failures DESC, answer.uptime_seconds DESC, answer.workspace_id, answer.warehouse_id
LIMIT :row_limit
