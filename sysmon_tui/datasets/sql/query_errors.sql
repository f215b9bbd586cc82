-- Purpose: failed statements of a window by error class, most frequent first.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- The class is the bracketed word that starts the message; messages are empty under customer-managed keys.
WITH
-- include: query_rows
, failed AS (
  SELECT * FROM queries WHERE status = 'FAILED'
)
SELECT
  failed.error_class,
  COUNT(failed.end_time) AS failures,
  COUNT(DISTINCT failed.user_email) AS users,
  MIN(failed.end_time) AS first_failure,
  MAX(failed.end_time) AS last_failure,
  LEFT(
    MAX_BY(named_struct('text', failed.error_message), named_struct('at', failed.end_time, 'id', failed.statement_id)).text,
    400
  ) AS last_message,
  head.as_of
FROM head LEFT JOIN failed ON TRUE
GROUP BY failed.error_class, head.as_of
ORDER BY failures DESC, failed.error_class
LIMIT :row_limit
