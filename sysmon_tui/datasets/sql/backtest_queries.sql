-- Purpose: what the rules about statements would have raised over a window: each page, and who and what made the noise.
-- Tables: system.query.history
-- Grants: SELECT on system.query
-- The window begins :lead_us early, so that what was under way at its start is known and is no page of it.
WITH
-- include: query_rows
,
-- include: backtest_rules
,
-- One pass over the statements for all rules: a UNION would read the table once for each.
rule_events AS (
  SELECT
    rules.*,
    CASE
      WHEN rules.rule = 'warehouse.queueing' THEN CONCAT(COALESCE(queries.workspace_id, ''), '/', queries.warehouse_id)
      ELSE ''
    END AS entity,
    unix_micros(queries.end_time) AS at_us,
    CAST(NULL AS STRING) AS counted,
    queries.user_email AS who,
    CASE
      WHEN rules.rule = 'query.failed_per_hour' THEN queries.error_class
      WHEN queries.warehouse_id IS NOT NULL THEN CONCAT(COALESCE(queries.workspace_id, ''), '/', queries.warehouse_id)
    END AS what
  FROM queries
  JOIN rules
    ON (rules.rule = 'query.failed_per_hour' AND queries.status = 'FAILED')
    OR (rules.rule = 'query.slow_per_hour' AND queries.total_duration_ms >= :slow_query_seconds * 1000)
    OR (
      rules.rule = 'warehouse.queueing'
      AND queries.warehouse_id IS NOT NULL
      AND queries.waiting_at_capacity_duration_ms >= :queued_query_seconds * 1000
    )
),
-- include: backtest_islands
,
islands AS (
  SELECT * FROM counted_islands
),
-- include: backtest_episodes
-- include: backtest_answer
