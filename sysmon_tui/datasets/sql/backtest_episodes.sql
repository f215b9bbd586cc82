-- Fragment: of `islands` and `spans` (backtest_islands) what the answer says, in `found`: a row for each page that began
-- within the window, and for each rule whose events came together in the pages (`who`) and which (`what`).
-- Why so: as in alerts/verdict.py an island counts that is at least `wait_us` long, and one that begins no later than
-- `hold_us` after the end of the last goes on with it. What is too short and not over yet begins nothing.
waited AS (
  SELECT
    islands.*,
    rules.window_us,
    rules.hold_us,
    LEAST(until_us, unix_micros(head.as_of)) - start_us >= rules.wait_us AS is_long_enough
  FROM islands
  JOIN rules ON rules.rule = islands.rule
  CROSS JOIN head
  WHERE until_us - start_us >= rules.wait_us OR until_us > unix_micros(head.as_of)
),
begun AS (
  SELECT
    waited.*,
    CASE
      WHEN start_us <= LAG(until_us) OVER (PARTITION BY rule, entity ORDER BY start_us) + hold_us THEN NULL
      ELSE start_us
    END AS begin_us
  FROM waited
),
parts AS (
  SELECT
    begun.*,
    MAX(begin_us) OVER (PARTITION BY rule, entity ORDER BY start_us ROWS UNBOUNDED PRECEDING) AS started_us
  FROM begun
),
episodes AS (
  SELECT
    rule,
    entity,
    started_us,
    MAX(until_us) AS ended_us,
    CAST(CASE WHEN MAX(window_us) = 0 THEN SUM(value) ELSE MAX(value) END AS BIGINT) AS peak
  FROM parts
  GROUP BY rule, entity, started_us
  HAVING MAX(CASE WHEN is_long_enough THEN 1 ELSE 0 END) = 1
),
-- An event belongs to the island that it lies in, else to the next one if it still counts when that begins.
marks AS (
  SELECT
    rule, entity, at_us, until_us, who, what, TRUE AS is_event,
    CAST(NULL AS BIGINT) AS start_us, CAST(NULL AS BIGINT) AS end_us, CAST(NULL AS BIGINT) AS started_us
  FROM spans
  UNION ALL
  SELECT
    rule, entity, start_us AS at_us, until_us, CAST(NULL AS STRING) AS who, CAST(NULL AS STRING) AS what,
    FALSE AS is_event, start_us, until_us AS end_us, started_us
  FROM parts
),
reached AS (
  SELECT
    marks.*,
    MAX(end_us) OVER (PARTITION BY rule, entity ORDER BY at_us) AS last_end_us,
    MAX(started_us) OVER (PARTITION BY rule, entity ORDER BY at_us) AS last_started_us,
    MIN(start_us) OVER (PARTITION BY rule, entity ORDER BY at_us DESC) AS next_start_us,
    MIN(started_us) OVER (PARTITION BY rule, entity ORDER BY at_us DESC) AS next_started_us
  FROM marks
),
placed AS (
  SELECT
    rule,
    who,
    what,
    CASE
      WHEN last_end_us > at_us THEN last_started_us
      WHEN next_start_us < until_us THEN next_started_us
    END AS started_us
  FROM reached
  WHERE is_event
),
noise AS (
  SELECT
    rule,
    sides.side,
    CASE WHEN sides.side = 'who' THEN who ELSE what END AS entity,
    COUNT(*) AS events
  FROM placed
  CROSS JOIN (SELECT 'who' AS side UNION ALL SELECT 'what' AS side) AS sides
  WHERE started_us >= :window_start_us + :lead_us
  GROUP BY rule, sides.side, CASE WHEN sides.side = 'who' THEN who ELSE what END
),
noisiest AS (
  SELECT
    noise.*,
    ROW_NUMBER() OVER (PARTITION BY rule, side ORDER BY events DESC, entity) AS place
  FROM noise
  WHERE entity IS NOT NULL
),
found AS (
  SELECT
    'page' AS kind,
    rule,
    CAST(NULL AS STRING) AS side,
    entity,
    started_us,
    ended_us,
    peak,
    COUNT(*) OVER (PARTITION BY rule) AS total
  FROM episodes
  WHERE started_us >= :window_start_us + :lead_us
  UNION ALL
  SELECT
    'noisy' AS kind,
    rule,
    side,
    entity,
    CAST(NULL AS BIGINT) AS started_us,
    CAST(NULL AS BIGINT) AS ended_us,
    CAST(NULL AS BIGINT) AS peak,
    events AS total
  FROM noisiest
  WHERE place <= 5
)
