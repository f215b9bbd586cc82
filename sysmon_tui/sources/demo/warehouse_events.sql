-- compute.warehouse_events of the sessions. There is no event id, times may tie, RUNNING may repeat.

INSERT INTO compute.warehouse_events BY NAME
WITH busy AS (
  SELECT *, greatest(0, (stopping_s - running_s) // 3600)::BIGINT AS hours FROM session WHERE warehouse_id IS NOT NULL
), event AS (
  SELECT warehouse_no, slot, 0 AS step, 'STARTING' AS event_type, 0 AS cluster_count, starting_s AS event_s FROM busy
  UNION ALL
  SELECT warehouse_no, slot, 1, 'RUNNING', 1, running_s FROM busy
  UNION ALL
  -- The state is told again every hour.
  SELECT warehouse_no, slot, 2, 'RUNNING', 1, running_s + 3600 * unnest(range(1, hours)) FROM busy
  UNION ALL
  -- Scaling in pairs; the first step up of some sessions ties with RUNNING.
  SELECT warehouse_no, slot, 3, 'SCALED_UP', 2,
    CASE WHEN k = 0 AND h % 4 = 0 THEN running_s ELSE running_s + 1200 * k + below(h, 10 + k, 500) END
  FROM busy, LATERAL (SELECT unnest(range(hours * 3)) AS k) WHERE clusters > 1
  UNION ALL
  SELECT warehouse_no, slot, 4, 'SCALED_DOWN', 1, running_s + 1200 * k + 500 + below(h, 40 + k, 600)
  FROM busy, LATERAL (SELECT unnest(range(hours * 3)) AS k) WHERE clusters > 1
  UNION ALL
  SELECT warehouse_no, slot, 5, 'STOPPING', 1, stopping_s FROM busy
  UNION ALL
  SELECT warehouse_no, slot, 6, 'STOPPED', 0, stopped_s FROM busy
  UNION ALL
  -- Two starts that fail before the session.
  SELECT warehouse_no, slot, 7 + step, event_type, 0, slot_from_s + offset_s
  FROM busy, (VALUES (0, 'STARTING', 180), (1, 'STOPPED', 420), (2, 'STARTING', 1500), (3, 'STOPPING', 1710),
    (4, 'STOPPED', 1722)) AS f (step, event_type, offset_s)
  WHERE habit = 'failing' AND in_habit
)
SELECT account_id() AS account_id, workspace_id, warehouse_id, event_type, cluster_count::INTEGER AS cluster_count,
  instant(event_s) AS event_time,
  instant(event_s + CASE WHEN step >= 7 THEN 60 + (event_s + slot) % 420
    ELSE lag_s(hash($seed, 'event', warehouse_no, slot, step, event_s), 0, 1, 10) END) AS arrival
FROM event JOIN warehouse USING (warehouse_no)
ORDER BY event_s, warehouse_no, step;
