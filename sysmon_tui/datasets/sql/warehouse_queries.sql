-- Purpose: per warehouse and span of time, the statements that ended in it and the time in which at least one ran.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- Busy time is the union of the statements' intervals, not their sum. Those of different spans may overlap, and
-- views/warehouses.py unites them, because only so the spans of two readings can stand together. They come as one text
-- a row, `[begin,end,begin,end]` in microseconds from the span on: as rows of their own they were most of the answer.
-- While a statement waits for the warehouse to start, the warehouse is not yet up, so that wait is left out.
WITH
-- include: query_rows
, timed AS (
  SELECT
    workspace_id,
    warehouse_id,
    status,
    CASE
      WHEN end_time < timestamp_micros(:fine_until_us) THEN (unix_micros(end_time) DIV 1000000) * 1000000
      ELSE GREATEST((unix_micros(end_time) DIV :span_us) * :span_us, :fine_until_us)
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
intervals AS (
  SELECT
    workspace_id,
    warehouse_id,
    span_us,
    MIN(begin_us) AS begin_us,
    MAX(end_us) AS end_us,
    COUNT(*) AS queries,
    COUNT_IF(status = 'FAILED') AS failed_queries,
    SUM(queued_ms) AS queued_ms
  FROM numbered
  GROUP BY workspace_id, warehouse_id, span_us, interval_number
),
answer AS (
  SELECT
    workspace_id,
    warehouse_id,
    span_us,
    CAST(SUM(queries) AS BIGINT) AS queries,
    CAST(SUM(failed_queries) AS BIGINT) AS failed_queries,
    CAST(SUM(queued_ms) AS BIGINT) AS queued_ms,
    CONCAT(
      '[',
      array_join(
        sort_array(
          collect_list(CONCAT(CAST(begin_us - span_us AS STRING), ',', CAST(end_us - span_us AS STRING)))
        ),
        ','
      ),
      ']'
    ) AS busy
  FROM intervals
  GROUP BY workspace_id, warehouse_id, span_us
)
SELECT answer.*, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY answer.span_us, answer.workspace_id, answer.warehouse_id
