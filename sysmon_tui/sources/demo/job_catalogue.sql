-- The jobs. period_s and median_s are of one run; `role` ties a job to the data incident;
-- `twin_of` gives a job another one's id, as two workspaces may. Cycles above 0 repeat the plain ones
-- under regional names for a larger estate; `stretch` widens or narrows their periods to fit its size.

CREATE TABLE job AS
WITH base (job_no, name, workspace_no, period_min, median_s, sigma, task_count, trigger_type, run_type, role,
           twin_of, deleted_days) AS (VALUES
  -- The data incident: the origin, those that read its table, and one that gets slow.
  (0, 'journey_orchestrator', 0, 25, 560, 0.20, 4, 'CRON', 'JOB_RUN', 'origin', NULL, NULL),
  (1, 'seat_inventory_sync', 0, 20, 300, 0.25, 2, 'CRON', 'JOB_RUN', 'downstream', NULL, NULL),
  (2, 'fare_rules_refresh', 0, 30, 420, 0.25, 2, 'FILE_ARRIVAL', 'JOB_RUN', 'downstream', NULL, NULL),
  (3, 'loyalty_points_posting', 0, 30, 480, 0.25, 3, 'CRON', 'JOB_RUN', 'downstream', NULL, NULL),
  (4, 'disruption_notifier', 0, 15, 200, 0.25, 1, 'CRON', 'JOB_RUN', 'downstream', NULL, NULL),
  (5, 'ledger_reconciliation', 0, 60, 500, 0.12, 2, 'CRON', 'JOB_RUN', 'slow', NULL, NULL),
  -- Run for longer than a day: one of the two is always under way.
  (6, 'flight_telemetry_stream', 0, 1800, 107400, 0.00, 1, 'CONTINUOUS', 'JOB_RUN', 'stream', NULL, NULL),
  -- Hostile names: an escape sequence, a right-to-left override, emoji, wide letters, markup.
  (7, 'nightly_export' || chr(27) || ']52;c;ZXZpbA==' || chr(7), 2, 360, 700, 0.4, 1, 'CRON', 'JOB_RUN', 'odd', NULL, NULL),
  (8, 'fares_' || chr(8238) || 'gpj.exe', 1, 360, 300, 0.4, 1, 'CRON', 'JOB_RUN', 'odd', NULL, NULL),
  (9, '🛫 departure_board 🚦', 0, 120, 150, 0.4, 1, 'CRON', 'JOB_RUN', 'odd', NULL, NULL),
  (10, '東京_乗継_最適化', 1, 240, 900, 0.4, 2, 'CRON', 'JOB_RUN', 'odd', NULL, NULL),
  (11, '[bold red]pax_manifest[/x] [@click=app.quit]x[/]', 2, 240, 240, 0.4, 1, 'CRON', 'JOB_RUN', 'odd', NULL, NULL),
  -- Renamed three times; deleted but with runs; the same id in two workspaces.
  (12, 'crew_pairing_optimizer', 0, 180, 2500, 0.4, 3, 'CRON', 'JOB_RUN', 'renamed', NULL, NULL),
  (13, 'legacy_fare_export', 0, 180, 900, 0.4, 1, 'CRON', 'JOB_RUN', 'deleted', NULL, 4),
  (14, 'billing_close', 0, 120, 1500, 0.4, 4, 'CRON', 'JOB_RUN', 'original', NULL, NULL),
  (15, 'billing_close', 2, 120, 1500, 0.4, 4, 'CRON', 'JOB_RUN', 'twin', 14, NULL),
  -- No row in lakeflow.jobs.
  (16, 'adf_copy_bookings', 0, 45, 400, 0.6, 1, 'ONETIME', 'SUBMIT_RUN', 'submitted', NULL, NULL),
  (17, '/Shared/ops/recalculate_delays', 0, 40, 250, 0.6, 1, 'ONETIME', 'WORKFLOW_RUN', 'submitted', NULL, NULL),
  -- The plain ones.
  (18, 'bookings_bronze_ingest', 0, 60, 420, 0.4, 2, 'FILE_ARRIVAL', 'JOB_RUN', NULL, NULL, NULL),
  (19, 'bookings_silver_merge', 0, 60, 600, 0.4, 2, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (20, 'refunds_daily', 0, 1440, 4200, 0.5, 3, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (21, 'bag_scan_ingest', 0, 40, 200, 0.5, 1, 'FILE_ARRIVAL', 'JOB_RUN', NULL, NULL, NULL),
  (22, 'bag_mishandling_features', 1, 120, 800, 0.5, 2, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (23, 'crew_roster_sync', 0, 60, 360, 0.3, 2, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (24, 'flight_legs_snapshot', 0, 60, 300, 0.3, 1, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (25, 'maintenance_forecast_train', 1, 1440, 12600, 0.3, 5, 'MODEL_DRIFT', 'JOB_RUN', NULL, NULL, NULL),
  (26, 'maintenance_work_orders', 0, 60, 240, 0.4, 1, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (27, 'web_sessionize', 1, 60, 1500, 0.4, 3, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (28, 'click_events_compaction', 0, 360, 2400, 0.5, 1, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (29, 'revenue_management_forecast', 1, 1440, 15000, 0.3, 6, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (30, 'demand_curve_fit', 1, 360, 5400, 0.4, 3, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (31, 'partner_codeshare_feed', 0, 60, 180, 0.5, 1, 'FILE_ARRIVAL', 'JOB_RUN', NULL, NULL, NULL),
  (32, 'gdpr_erasure', 0, 1440, 3000, 0.5, 2, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (33, 'finance_daily_close', 0, 1440, 7200, 0.3, 5, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (34, 'tax_jurisdiction_export', 0, 1440, 1200, 0.5, 1, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (35, 'lounge_access_reporting', 1, 360, 500, 0.5, 1, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (36, 'customer_360_build', 1, 720, 6000, 0.4, 4, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (37, 'vacuum_and_optimize', 0, 720, 5000, 0.5, 2, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (38, 'fuel_burn_model', 1, 360, 1800, 0.4, 2, 'ONETIME_RETRY', 'JOB_RUN', NULL, NULL, NULL),
  (39, 'airport_slot_planner', 1, 180, 700, 0.4, 2, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (40, 'staging_smoke_suite', 2, 60, 260, 0.4, 3, 'ONETIME', 'JOB_RUN', NULL, NULL, NULL),
  (41, 'schema_drift_check', 2, 120, 120, 0.4, 1, 'CRON', 'JOB_RUN', NULL, NULL, NULL),
  (42, 'bag_tracking_stream', 1, 1500, 89400, 0.00, 1, 'CONTINUOUS', 'JOB_RUN', 'stream', NULL, NULL)
), sized AS (
  -- Slices a run leaves on average, and how many runs the visible history holds at the nominal period.
  SELECT *, CASE WHEN median_s > 3000 THEN 1.5 + median_s / 3600.0 ELSE 1.07 END AS slices,
    ($dense_s + $sparse_s * CASE WHEN period_min >= 1440 THEN 1 ELSE 0.25 END) / (60.0 * period_min) AS runs
  FROM base
), wanted AS (
  SELECT greatest(1, round(
      greatest($run_slices - sum(slices * runs) FILTER (WHERE role IS NOT NULL), 0)
      / sum(slices * runs) FILTER (WHERE role IS NULL)))::BIGINT AS cycles,
    least(4, cycles * sum(slices * runs) FILTER (WHERE role IS NULL)
      / greatest($run_slices - sum(slices * runs) FILTER (WHERE role IS NOT NULL), 1)) AS stretch
  FROM sized
), repeated AS (
  SELECT base.*, stretch, cycle, cycle * 43 + job_no AS id
  FROM base, wanted, range(cycles) AS c (cycle)
  WHERE cycle = 0 OR role IS NULL
), drawn AS (
  SELECT *, hash($seed, 'job', id) AS h FROM repeated
)
SELECT id AS job_no,
  coalesce(twin_of, id) AS id_no,
  CASE WHEN cycle = 0 THEN name
    ELSE name || '_' || ['emea', 'apac', 'latam', 'nordics', 'us_east', 'us_west'][1 + cycle % 6] || '_'
      || lpad(cycle::VARCHAR, 2, '0') END AS name,
  workspace_id, workspace_no, cycle,
  (60 * round(period_min * CASE WHEN role IS NULL THEN stretch ELSE 1 END))::BIGINT AS period_s,
  below(hash($seed, 'phase', coalesce(twin_of, id)), 0, 900) AS phase_s,
  median_s, sigma, task_count, trigger_type, run_type, role,
  person_no, email, user_id, application_id,
  CASE WHEN unit(h, 3) < 0.35 THEN $t0 - 86400 * (300 + below(h, 4, 500))
       ELSE $t0 - 86400 * (40 + below(h, 4, 150)) END AS created_s,
  $t0 - 86400 * deleted_days AS deleted_s
FROM drawn
JOIN workspace USING (workspace_no)
JOIN person ON person_no = below(h, 1, 48)
JOIN principal ON principal_no = below(h, 2, 3)
ORDER BY job_no;
