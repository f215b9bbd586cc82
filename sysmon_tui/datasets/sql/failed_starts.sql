-- Purpose: the starts of warehouses that ended in STOPPED without RUNNING, and when each warehouse ran after that.
-- Tables: system.compute.warehouse_events, system.compute.warehouses
-- Grants: SELECT on system.compute
-- A deleted warehouse is left out: it can't recover.
WITH
-- include: warehouse_rows
, steps AS (
  SELECT
    workspace_id,
    warehouse_id,
    event_type,
    event_time,
    LEAD(event_type) OVER in_order AS next_type,
    LEAD(event_time) OVER in_order AS next_time,
    -- The next RUNNING, looked for backwards in time: frames that end at the last row are dear.
    MIN(CASE WHEN event_type = 'RUNNING' THEN event_time END) OVER (
      PARTITION BY workspace_id, warehouse_id ORDER BY event_time DESC, step DESC, cluster_count DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS runs_at
  FROM raw_events
  WHERE event_type IN ('STARTING', 'RUNNING', 'STOPPED')
  WINDOW in_order AS (PARTITION BY workspace_id, warehouse_id ORDER BY event_time, step, cluster_count)
),
answer AS (
  SELECT
    steps.workspace_id,
    steps.warehouse_id,
    known.warehouse_name,
    steps.event_time AS started_at,
    steps.next_time AS failed_at,
    steps.runs_at AS recovered_at
  FROM steps
  LEFT JOIN known ON known.workspace_id = steps.workspace_id AND known.warehouse_id = steps.warehouse_id
  WHERE steps.event_type = 'STARTING'
    AND steps.next_type = 'STOPPED'
    AND steps.next_time >= timestamp_micros(:window_start_us)
    AND known.delete_time IS NULL
)
SELECT answer.*, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY answer.failed_at DESC, answer.workspace_id, answer.warehouse_id, answer.started_at
LIMIT :row_limit
