-- The attempts that start in [$from, $to): one row a run, a second one where a failed run was repaired.
-- A run's identity is its job and its slot on the schedule, so it does not depend on the chunk.

CREATE OR REPLACE TEMP TABLE attempt AS
WITH planned AS (
  SELECT *, unnest(range(ceil(($from - phase_s) / period_s)::BIGINT, ceil(($to - phase_s) / period_s)::BIGINT)) AS slot
  FROM job
), begun AS (
  SELECT *, phase_s + slot * period_s AS planned_s, hash($seed, 'run', id_no, slot) AS h
  FROM planned
  WHERE phase_s + slot * period_s < coalesce(deleted_s, $to)
    AND (phase_s + slot * period_s >= $dense_from OR period_s >= 86400 OR slot % 4 = 0)
), drawn AS (
  SELECT *, planned_s // 60 AS minute, planned_s + below(h, 0, 90) AS started_s,
    greatest(8, lognormal(h, 10, median_s, sigma)) AS usual_s,
    CASE WHEN role IN ('origin', 'downstream', 'slow', 'stream') THEN 1 ELSE unit(h, 1) / $fault_share END AS fate,
    coalesce(CASE role
      WHEN 'origin' THEN incident_s(planned_s, $t0, $data_period, 9600) < 1500
      WHEN 'downstream' THEN incident_s(planned_s, $t0, $data_period, 5700) < 1500
    END, false) AS hit,
    coalesce(role = 'slow' AND incident_s(planned_s, $t0, $data_period, 6300) < 0, false) AS slowed
  FROM begun
), judged AS (
  SELECT *,
    CASE
      WHEN hit THEN CASE id_no WHEN 1 THEN 'ERROR' WHEN 4 THEN 'TIMED_OUT' ELSE 'FAILED' END
      WHEN fate < 0.55 THEN 'FAILED'
      WHEN fate < 0.65 THEN 'ERROR'
      WHEN fate < 0.72 THEN 'TIMED_OUT'
      WHEN fate < 0.86 THEN 'CANCELLED'
      WHEN fate < 0.94 THEN 'SKIPPED'
      WHEN fate < 1 THEN 'BLOCKED'
      ELSE 'SUCCEEDED'
    END AS verdict,
    CASE
      WHEN slowed THEN usual_s * 4.5
      WHEN hit THEN 60 + usual_s * 0.4
      WHEN fate >= 0.86 AND fate < 1 THEN 1
      WHEN fate < 0.65 THEN usual_s * unit(h, 14)
      WHEN fate < 0.72 THEN median_s * 4
      ELSE usual_s
    END::BIGINT + 2 AS ran_s
  FROM drawn
)
SELECT *, 1 AS attempt, started_s + ran_s AS ended_s, ran_s AS total_s
FROM judged
UNION ALL BY NAME
SELECT * REPLACE (
    started_s + ran_s + 600 + below(h, 21, 1800) AS started_s,
    if(unit(h, 22) < 0.6, 'SUCCEEDED', 'FAILED') AS verdict),
  2 AS attempt,
  started_s + ran_s + 600 + below(h, 21, 1800) + greatest(30, usual_s * 0.6)::BIGINT AS ended_s,
  ran_s + greatest(30, usual_s * 0.6)::BIGINT AS total_s
FROM judged
WHERE verdict IN ('FAILED', 'ERROR') AND NOT hit AND unit(h, 20) < 0.35;
