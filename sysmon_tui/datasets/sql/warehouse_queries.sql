-- Purpose: per warehouse, the statements of a window, the time in which at least one ran, and the time they queued.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- Busy time is the union of the statements' intervals, not their sum; while a statement waits for the warehouse to
-- start, the warehouse is not yet up, so that wait is left out.
WITH
-- include: query_rows
, spans AS (
  SELECT
    workspace_id,
    warehouse_id,
    status,
    GREATEST(
      unix_micros(start_time) + COALESCE(waiting_for_compute_duration_ms, 0) * 1000,
      :window_start_us
    ) AS begin_us,
    unix_micros(end_time) AS end_us,
    COALESCE(waiting_at_capacity_duration_ms, 0) AS queued_ms
  FROM queries
  WHERE warehouse_id IS NOT NULL
    AND (:warehouse_id IS NULL OR warehouse_id = :warehouse_id)
),
reached AS (
  SELECT
    spans.*,
    MAX(end_us) OVER (
      PARTITION BY workspace_id, warehouse_id ORDER BY begin_us, end_us
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS busy_until_us
  FROM spans
),
answer AS (
  SELECT
    workspace_id,
    warehouse_id,
    COUNT(*) AS queries,
    COUNT_IF(status = 'FAILED') AS failed_queries,
    CAST(SUM(GREATEST(0, end_us - GREATEST(begin_us, COALESCE(busy_until_us, begin_us)))) AS DOUBLE) / 1000000
      AS busy_seconds,
    CAST(SUM(queued_ms) AS DOUBLE) / 1000 AS queued_seconds
  FROM reached
  GROUP BY workspace_id, warehouse_id
)
SELECT answer.*, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY answer.workspace_id, answer.warehouse_id
LIMIT :row_limit
