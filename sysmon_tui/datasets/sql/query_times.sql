-- Purpose: where the time of a window's statements went: each part of it in sum, and what 95 of 100 statements stay within.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- The 95th percentile is a value that occurred (percentile_disc), exact on every engine; approximations differ.
-- Without a statement every figure is NULL: the one row then only dates the table.
WITH
-- include: query_rows
SELECT
  NULLIF(COUNT(queries.end_time), 0) AS statements,
  CAST(SUM(queries.total_duration_ms) AS BIGINT) AS total_sum_ms,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY queries.total_duration_ms) AS total_p95_ms,
  CAST(SUM(queries.waiting_for_compute_duration_ms) AS BIGINT) AS waiting_for_compute_sum_ms,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY queries.waiting_for_compute_duration_ms) AS waiting_for_compute_p95_ms,
  CAST(SUM(queries.waiting_at_capacity_duration_ms) AS BIGINT) AS waiting_at_capacity_sum_ms,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY queries.waiting_at_capacity_duration_ms) AS waiting_at_capacity_p95_ms,
  CAST(SUM(queries.compilation_duration_ms) AS BIGINT) AS compilation_sum_ms,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY queries.compilation_duration_ms) AS compilation_p95_ms,
  CAST(SUM(queries.execution_duration_ms) AS BIGINT) AS execution_sum_ms,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY queries.execution_duration_ms) AS execution_p95_ms,
  head.as_of
FROM head LEFT JOIN queries ON TRUE
GROUP BY head.as_of
