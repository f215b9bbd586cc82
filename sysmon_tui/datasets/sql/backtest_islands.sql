-- Fragment: of `rule_events` the `spans` in which each counts, and `counted_islands`: when a rule held for an entity.
-- An event has the columns of its rule (backtest_rules), entity (each is counted by itself), at_us, counted (different
-- ones are counted instead of events; NULL counts events), who and what.
-- Why so: as in alerts/episodes.py what lies within the half-open window (t - window, t] is measured. Each event comes
-- at its time and leaves a window later, so a running sum over comings and goings is the measure at every moment,
-- in one sort, whatever the threshold. Of several events of the same `counted` the older leaves when the newer comes.
spans AS (
  SELECT
    rule_events.*,
    CASE
      WHEN window_us = 0 THEN at_us + 1
      WHEN counted IS NULL THEN at_us + window_us
      ELSE LEAST(
        at_us + window_us,
        COALESCE(LEAD(at_us) OVER (PARTITION BY rule, entity, counted ORDER BY at_us), at_us + window_us)
      )
    END AS until_us
  FROM rule_events
),
steps AS (
  SELECT
    rule,
    entity,
    threshold,
    CASE WHEN ways.step = 1 THEN at_us ELSE until_us END AS at_us,
    SUM(ways.step) AS step
  FROM spans
  CROSS JOIN (SELECT 1 AS step UNION ALL SELECT -1 AS step) AS ways
  WHERE window_us > 0
  GROUP BY rule, entity, threshold, CASE WHEN ways.step = 1 THEN at_us ELSE until_us END
),
measured AS (
  SELECT
    rule,
    entity,
    threshold,
    at_us,
    SUM(step) OVER (PARTITION BY rule, entity ORDER BY at_us ROWS UNBOUNDED PRECEDING) AS value,
    LEAD(at_us) OVER (PARTITION BY rule, entity ORDER BY at_us) AS until_us
  FROM steps
),
held AS (
  SELECT
    rule,
    entity,
    at_us,
    until_us,
    value,
    CASE WHEN at_us = LAG(until_us) OVER (PARTITION BY rule, entity ORDER BY at_us) THEN NULL ELSE at_us END AS begin_us
  FROM measured
  WHERE value >= threshold
),
numbered_moments AS (
  SELECT
    held.*,
    MAX(begin_us) OVER (PARTITION BY rule, entity ORDER BY at_us ROWS UNBOUNDED PRECEDING) AS start_us
  FROM held
),
counted_islands AS (
  SELECT rule, entity, start_us, MAX(until_us) AS until_us, CAST(MAX(value) AS BIGINT) AS value
  FROM numbered_moments
  GROUP BY rule, entity, start_us
  UNION ALL
  SELECT rule, entity, at_us AS start_us, at_us AS until_us, COUNT(*) AS value
  FROM spans
  WHERE window_us = 0
  GROUP BY rule, entity, at_us
)
