-- Purpose: per warehouse and span of time, the statements that ended in it and the time in which at least one ran.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- Busy time is the union of the statements' intervals, not their sum. A row is one interval in which statements that
-- overlap ended; those of different spans may still overlap, and views/warehouses.py unites them, because only so
-- the spans of two readings can stand together. While a statement waits for the warehouse to start, the warehouse is
-- not yet up, so that wait is left out.
WITH
-- include: query_rows
, timed AS (
  SELECT
    workspace_id,
    warehouse_id,
    status,
    CASE
      WHEN end_time < timestamp_micros(:fine_until_us) THEN (unix_micros(end_time) DIV 1000000) * 1000000
      ELSE (unix_micros(end_time) DIV :span_us) * :span_us
    END AS span_us,
    LEAST(
      unix_micros(COALESCE(start_time, end_time)) + COALESCE(waiting_for_compute_duration_ms, 0) * 1000,
      unix_micros(end_time)
    ) AS begin_us,
    unix_micros(end_time) AS end_us,
    COALESCE(waiting_at_capacity_duration_ms, 0) AS queued_ms
  FROM queries
  WHERE warehouse_id IS NOT NULL
    AND (:warehouse_id IS NULL OR warehouse_id = :warehouse_id)
),
reached AS (
  SELECT
    timed.*,
    MAX(end_us) OVER (
      PARTITION BY workspace_id, warehouse_id, span_us ORDER BY begin_us, end_us
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS busy_until_us
  FROM timed
),
numbered AS (
  SELECT
    reached.*,
    SUM(CASE WHEN busy_until_us >= begin_us THEN 0 ELSE 1 END) OVER (
      PARTITION BY workspace_id, warehouse_id, span_us ORDER BY begin_us, end_us ROWS UNBOUNDED PRECEDING
    ) AS interval_number
  FROM reached
),
answer AS (
  SELECT
    workspace_id,
    warehouse_id,
    span_us,
    MIN(begin_us) AS begin_us,
    MAX(end_us) AS end_us,
    COUNT(*) AS queries,
    COUNT_IF(status = 'FAILED') AS failed_queries,
    CAST(SUM(queued_ms) AS BIGINT) AS queued_ms
  FROM numbered
  GROUP BY workspace_id, warehouse_id, span_us, interval_number
)
SELECT answer.*, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY answer.span_us, answer.workspace_id, answer.warehouse_id, answer.begin_us
