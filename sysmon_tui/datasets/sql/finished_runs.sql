-- Fragment: of the slices in `considered`, the runs that have ended, each with its last end and result, in `finished`.
-- Why so: a slice that begins after the last result is a repair still going on: that run has not ended yet.
finished AS (
  SELECT
    workspace_id,
    job_id,
    run_id,
    MAX(NULLIF(run_name, '')) AS run_name,
    MAX(CASE WHEN result_state IS NOT NULL THEN period_end_time END) AS end_time,
    MAX(
      CASE WHEN result_state IS NOT NULL THEN named_struct('ended_at', period_end_time, 'state', result_state) END
    ).state AS status
  FROM considered
  GROUP BY workspace_id, job_id, run_id
  HAVING COUNT(result_state) > 0
    AND COALESCE(
      MAX(CASE WHEN result_state IS NULL THEN period_start_time END)
        < MAX(CASE WHEN result_state IS NOT NULL THEN period_end_time END),
      TRUE
    )
)
