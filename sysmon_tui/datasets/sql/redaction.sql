-- Purpose: how many statements of a window have no text, and how many failed ones no message: all of them where
-- customer-managed keys keep the texts back, as '' or as NULL.
-- Tables: system.query.history
-- Grants: SELECT on system.query
SELECT
  COUNT(*) AS statements,
  COUNT(*) FILTER (WHERE COALESCE(statement_text, '') = '') AS without_text,
  COUNT(*) FILTER (WHERE UPPER(execution_status) = 'FAILED') AS failed,
  COUNT(*) FILTER (WHERE UPPER(execution_status) = 'FAILED' AND COALESCE(error_message, '') = '') AS without_message
FROM system.query.history
WHERE start_time >= timestamp_micros(:window_start_us)
  AND start_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
