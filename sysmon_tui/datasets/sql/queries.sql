-- Purpose: the finished statements of a window, newest end first, and their counts.
-- Tables: system.query.history
-- Grants: SELECT on system.query
WITH
-- include: query_rows
, chosen AS (
  SELECT *
  FROM queries
  WHERE (:statuses = '' OR array_contains(split(:statuses, ','), status))
    AND (:user_like IS NULL OR user_email LIKE :user_like ESCAPE '!')
    AND (:warehouse_id IS NULL OR warehouse_id = :warehouse_id)
),
-- include: query_listing
