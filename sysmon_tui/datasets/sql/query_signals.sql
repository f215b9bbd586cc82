-- Purpose: the statements that rules count: those that failed, took long or waited long for a place, and their counts.
-- Tables: system.query.history
-- Grants: SELECT on system.query
WITH
-- include: query_rows
, chosen AS (
  SELECT *
  FROM queries
  WHERE status = 'FAILED'
    OR total_duration_ms >= :slow_ms
    OR waiting_at_capacity_duration_ms >= :queued_ms
),
-- include: query_listing
