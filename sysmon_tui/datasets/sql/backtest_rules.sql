-- Fragment: the rules to try out in `rules`. :rules has `name/threshold/window_us/hold_us/wait_us` of each, commas between.
-- A rule with a window of 0 has no threshold to reach: each event of it is an episode.
rules AS (
  SELECT
    split(line, '/')[0] AS rule,
    CAST(split(line, '/')[1] AS BIGINT) AS threshold,
    CAST(split(line, '/')[2] AS BIGINT) AS window_us,
    CAST(split(line, '/')[3] AS BIGINT) AS hold_us,
    CAST(split(line, '/')[4] AS BIGINT) AS wait_us
  FROM (SELECT explode(split(:rules, ',')) AS line) AS lines
)
