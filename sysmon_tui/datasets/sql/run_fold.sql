-- Fragment: one row per run in `runs`, whatever the number of slices. Included by the statements about runs.
-- Why so: long runs come in slices and only the slice that ends a run (or a repair of it) has a result, so the
-- last result wins; a slice that begins after that result is a repair still going on. The scan begins before the
-- window, or long runs would lose their first slices and with them their start.
-- A run without an end counts as running only while its slices keep up with the table's head.
slices AS (
-- include: run_rows
    AND (:job_id IS NULL OR job_id = :job_id)
    AND (:run_id IS NULL OR run_id = :run_id)
),
head AS (
  SELECT MAX(period_end_time) AS as_of FROM slices
),
folded AS (
  SELECT
    workspace_id,
    run_id,
    MAX(job_id) AS job_id,
    MAX(NULLIF(run_name, '')) AS run_name,
    MAX(run_type) AS run_type,
    MAX(trigger_type) AS trigger_type,
    MIN(period_start_time) AS first_start,
    MAX(CASE WHEN result_state IS NULL THEN period_start_time END) AS open_start,
    MAX(period_end_time) AS last_seen,
    SUM(unix_micros(period_end_time) - unix_micros(period_start_time)) AS covered_us,
    -- COUNT(DISTINCT ...) would keep a second table of all the runs.
    COALESCE(
      SIZE(ARRAY_DISTINCT(COLLECT_LIST(CASE WHEN result_state IS NOT NULL THEN period_end_time END))), 0
    ) AS results,
    -- Of two results at one instant the same one on every engine, which MAX_BY would not promise.
    MAX(
      named_struct(
        'ended_at', period_end_time,
        'state', UPPER(result_state),
        'code', termination_code,
        'type', termination_type,
        'seconds', NULLIF(run_duration_seconds, 0)
      )
    ) FILTER (WHERE result_state IS NOT NULL) AS outcome
  FROM slices
  GROUP BY workspace_id, run_id, CASE WHEN run_id IS NULL THEN job_id END -- no id: at least no other job's run
),
stated AS (
  SELECT
    folded.*,
    CASE
      WHEN results = 0 OR open_start >= outcome.ended_at THEN 'RUNNING'
-- include: run_states
      ELSE outcome.state
    END AS status
  FROM folded
),
timed AS (
  SELECT
    stated.*,
    CASE WHEN status <> 'RUNNING' THEN outcome.ended_at END AS end_time,
    -- A run longer than the scan: its own duration says when it began.
    CASE
      WHEN status <> 'RUNNING'
        AND first_start < timestamp_micros(:scan_start_us + 3600000000)
        AND outcome.seconds * 1000000 > unix_micros(outcome.ended_at) - unix_micros(first_start)
        THEN timestamp_micros(unix_micros(outcome.ended_at) - outcome.seconds * 1000000)
      ELSE first_start
    END AS start_time
  FROM stated
),
job_names AS (
  SELECT workspace_id, job_id, name, COALESCE(NULLIF(run_as_user_name, ''), run_as) AS run_as
  FROM system.lakeflow.jobs
  WHERE (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
    AND (:job_id IS NULL OR job_id = :job_id)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id ORDER BY change_time DESC) = 1
),
runs AS (
  SELECT
    timed.workspace_id,
    timed.job_id,
    timed.run_id,
    COALESCE(NULLIF(job_names.name, ''), timed.run_name, CONCAT('job ', timed.job_id)) AS workflow_name,
    timed.run_type,
    timed.trigger_type,
    timed.status,
    timed.start_time,
    timed.end_time,
    timed.last_seen,
    timed.covered_us,
    CASE
      WHEN timed.status = 'RUNNING' THEN NULL
      ELSE COALESCE(
        CAST(timed.outcome.seconds AS DOUBLE),
        CAST(unix_micros(timed.end_time) - unix_micros(timed.start_time) AS DOUBLE) / 1000000
      )
    END AS duration_seconds,
    CAST(timed.results + CASE WHEN timed.status = 'RUNNING' THEN 1 ELSE 0 END AS BIGINT) AS attempts,
    CASE WHEN timed.status <> 'RUNNING' THEN timed.outcome.code END AS termination_code,
    CASE WHEN timed.status <> 'RUNNING' THEN timed.outcome.type END AS termination_type,
    job_names.run_as
  FROM timed
  CROSS JOIN head
  LEFT JOIN job_names ON job_names.workspace_id = timed.workspace_id AND job_names.job_id = timed.job_id
  WHERE timed.end_time >= timestamp_micros(:window_start_us)
    OR (
      timed.status = 'RUNNING'
      AND (
        timed.last_seen >= timestamp_micros(:window_start_us)
        OR timed.last_seen >= timestamp_micros(unix_micros(head.as_of) - :silent_us)
      )
    )
)
