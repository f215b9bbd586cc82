-- Fragment: of `matched` the newest rows, and how many rows each span of time holds; both in `listed`.
-- Why so: the sum of the spans is the exact total, of the same snapshot as the rows, however few of them are asked for.
-- Where the window begins the spans are seconds, so that they still add up when it has moved on a little (:fine_until_us).
-- `matched` has sort_time and row_key, which order the rows, and span_time and span_status, which count them.
spans AS (
  SELECT span_us, span_status, COUNT(*) AS span_count
  FROM (
    SELECT
      CASE
        WHEN span_time < timestamp_micros(:fine_until_us) THEN (unix_micros(span_time) DIV 1000000) * 1000000
        ELSE GREATEST((unix_micros(span_time) DIV :span_us) * :span_us, :fine_until_us)
      END AS span_us,
      span_status
    FROM matched
  ) AS placed
  GROUP BY span_us, span_status
),
page AS (
  SELECT * FROM matched
  WHERE :after_us IS NULL
    OR sort_time < timestamp_micros(:after_us)
    OR (sort_time = timestamp_micros(:after_us) AND row_key >= :after_key)
  ORDER BY sort_time DESC, row_key
  LIMIT :row_limit
),
listed AS (
  SELECT
    page.*, unix_micros(page.sort_time) AS sort_us,
    CAST(NULL AS BIGINT) AS span_us, CAST(NULL AS STRING) AS counted_status, CAST(NULL AS BIGINT) AS span_count
  FROM page
  UNION ALL
  -- Every column of a row as NULL beside the counts.
  SELECT page.*, CAST(NULL AS BIGINT) AS sort_us, spans.span_us, spans.span_status, spans.span_count
  FROM spans LEFT JOIN page ON FALSE
)
