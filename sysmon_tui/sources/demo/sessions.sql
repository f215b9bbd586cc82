-- The times when a warehouse is up, for the slots that begin in [$from, $to), with the weight that says
-- how many queries fall into each.

CREATE OR REPLACE TEMP TABLE session AS
WITH planned AS (
  SELECT *, unnest(range(ceil(($from - anchor_s) / slot_s)::BIGINT, ceil(($to - anchor_s) / slot_s)::BIGINT)) AS slot
  FROM warehouse
), begun AS (
  SELECT *, anchor_s + slot * slot_s AS slot_from_s, hash($seed, 'session', warehouse_no, slot) AS h,
    slot % 2 = 0 AS in_habit
  FROM planned
  WHERE anchor_s + slot * slot_s < coalesce(deleted_s, $to)
    AND (anchor_s + slot * slot_s >= $dense_from OR habit = 'none' OR slot % 4 = 0)
), timed AS (
  SELECT *,
    -- After two failed starts the third one holds.
    slot_from_s + CASE WHEN habit = 'failing' AND in_habit THEN 4800 ELSE below(h, 1, 120) END AS starting_s,
    slot_from_s + (slot_s * awake)::BIGINT - CASE habit WHEN 'none' THEN 0 ELSE below(h, 2, 240) END AS stopping_s
  FROM begun
)
SELECT *,
  starting_s + start_s + CASE habit WHEN 'none' THEN 0 ELSE below(h, 3, 4 + start_s // 4) END AS running_s,
  stopping_s + CASE WHEN warehouse_type = 'SERVERLESS' AND h % 3 = 0 THEN 0 ELSE 3 + below(h, 4, 12) END AS stopped_s,
  CASE WHEN habit = 'idle' AND in_habit THEN 0
       ELSE traffic * (stopping_s - starting_s) / 3600.0 * load((starting_s + stopping_s) // 2)
         * CASE WHEN habit = 'none' THEN density(starting_s, $dense_from) ELSE 1 END
  END AS weight
FROM timed
WHERE habit = 'none' OR stopping_s - starting_s > 600;
