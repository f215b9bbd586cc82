-- The warehouses. A warehouse wakes once a slot of slot_s seconds for `awake` of it; offset_s places its
-- slots against the build's now. The habit is the trouble it makes every second slot. A company of a hundred times the
-- rows has ten times the warehouses: each does more.

CREATE TABLE warehouse AS
WITH base (no, name, warehouse_type, size, workspace_no, clusters, slot_h, offset_min, awake, start_s, traffic, habit) AS (
  VALUES
  (0, 'bi-serving-prod', 'SERVERLESS', 'LARGE', 0, 4, 4.0, 90, 0.92, 6, 5.0, 'queueing'),
  (1, 'etl-prod', 'PRO', 'MEDIUM', 0, 3, 3.0, 40, 0.88, 210, 4.0, 'etl'),
  (2, 'analyst-adhoc', 'SERVERLESS', 'SMALL', 1, 2, 2.0, 70, 0.70, 5, 2.5, 'renamed'),
  (3, 'finance-reporting', 'PRO', 'SMALL', 0, 1, 8.0, 330, 0.85, 190, 1.0, 'idle'),
  (4, 'ml-features', 'CLASSIC', 'X_LARGE', 1, 2, 3.0, 60, 0.80, 320, 0.8, 'failing'),
  (5, 'staging-smoke', 'SERVERLESS', '2X_SMALL', 2, 1, 12.0, 540, 0.45, 4, 0.7, 'cold'),
  (6, 'legacy-migration', 'CLASSIC', '2X_LARGE', 2, 1, 6.0, 0, 0.50, 400, 0.6, 'deleted'),
  -- Serverless compute of notebooks and jobs: queries without a warehouse, no events.
  (7, NULL, NULL, NULL, 1, 0, 1.0, 0, 1.00, 0, 2.0, 'none')
)
SELECT cycle * 8 + no AS warehouse_no,
  CASE WHEN no = 7 THEN NULL ELSE right(printf('%016x', hash($seed, 'warehouse', cycle, no)), 16) END AS warehouse_id,
  CASE WHEN cycle = 0 OR no = 7 THEN name ELSE name || '-' || lpad(cycle::VARCHAR, 2, '0') END AS warehouse_name,
  warehouse_type, size, workspace_id, workspace_no, clusters, cycle,
  (slot_h * 3600)::BIGINT AS slot_s,
  $t0 - offset_min * 60 - 600 * cycle AS anchor_s,
  awake, start_s, traffic,
  CASE WHEN cycle = 0 OR habit IN ('etl', 'none') THEN habit ELSE 'steady' END AS habit,
  CASE WHEN habit = 'deleted' THEN $t0 - 86400 * 6 END AS deleted_s,
  email
FROM base
JOIN workspace USING (workspace_no)
CROSS JOIN (SELECT unnest(range(ceil(sqrt(max(cycle) + 1))::BIGINT)) AS cycle FROM job)
JOIN person ON person_no = no * 5
WHERE habit <> 'deleted' OR cycle = 0
ORDER BY warehouse_no;

INSERT INTO compute.warehouses BY NAME
WITH version AS (
  SELECT *, $t0 - 86400 * (90 + warehouse_no % 200) AS changed_s, NULL::BIGINT AS gone_s,
    CASE habit WHEN 'renamed' THEN 'adhoc' ELSE warehouse_name END AS old_name,
    CASE habit WHEN 'renamed' THEN 'X_SMALL' ELSE size END AS old_size
  FROM warehouse
  UNION ALL
  SELECT w.*, $t0 - 86400 * days, NULL, name_then, size_then
  FROM warehouse AS w,
    (VALUES (20, 'adhoc', 'MEDIUM'), (8, 'analyst-adhoc', 'MEDIUM'), (1, 'analyst-adhoc', 'SMALL'))
      AS r (days, name_then, size_then)
  WHERE habit = 'renamed'
  UNION ALL
  SELECT *, deleted_s, deleted_s, warehouse_name, size FROM warehouse WHERE deleted_s IS NOT NULL
)
SELECT warehouse_id, workspace_id, account_id() AS account_id, old_name AS warehouse_name, warehouse_type,
  if(warehouse_no % 5 = 4, 'PREVIEW', 'CURRENT') AS warehouse_channel, old_size AS warehouse_size,
  1 AS min_clusters, clusters AS max_clusters,
  CASE habit WHEN 'idle' THEN 0 ELSE if(warehouse_type = 'SERVERLESS', 10, 45) END AS auto_stop_minutes,
  MAP {'team': pick(hash(warehouse_no), 1, ['journey', 'finance', 'ops', 'ml'])} AS tags,
  instant(changed_s) AS change_time, instant(gone_s) AS delete_time, email AS created_by,
  instant(changed_s + 600) AS arrival
FROM version
WHERE warehouse_id IS NOT NULL
ORDER BY warehouse_no, changed_s;
