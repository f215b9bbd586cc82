-- The traps of the system tables that concern data, each with a question whose answer has rows in the demo.

-- a run longer than an hour comes in slices
SELECT 1
FROM lakeflow.job_run_timeline GROUP BY workspace_id, run_id HAVING count(*) > 1;

-- a run longer than a day
SELECT 1
FROM lakeflow.job_run_timeline GROUP BY workspace_id, run_id
HAVING max(period_end_time) - min(period_start_time) > INTERVAL 1 DAY AND count(result_state) = 1;

-- newer slices are cut at clock hours
SELECT 1
FROM lakeflow.job_run_timeline
WHERE result_state IS NULL AND minute(period_end_time) = 0 AND second(period_end_time) = 0
AND period_end_time - period_start_time < INTERVAL 1 HOUR;

-- older slices are cut from the run's start
SELECT 1
FROM lakeflow.job_run_timeline
WHERE result_state IS NULL AND minute(period_end_time) <> 0
AND period_end_time - period_start_time = INTERVAL 1 HOUR;

-- a running run has slices without a result
SELECT 1
FROM lakeflow.job_run_timeline GROUP BY workspace_id, run_id
HAVING count(result_state) = 0
AND max(period_end_time) > (SELECT max(period_end_time) - INTERVAL 2 HOUR FROM lakeflow.job_run_timeline);

-- a run repaired to success, with an idle gap
SELECT 1
FROM lakeflow.job_run_timeline WHERE result_state IS NOT NULL
GROUP BY workspace_id, run_id HAVING count(*) > 1 AND max_by(result_state, period_end_time) = 'SUCCEEDED'
AND max(period_start_time) > min(period_end_time);

-- a run repaired to failure
SELECT 1
FROM lakeflow.job_run_timeline WHERE result_state IS NOT NULL
GROUP BY workspace_id, run_id HAVING count(*) > 1 AND max_by(result_state, period_end_time) = 'FAILED';

-- a duration of 0 means absent
SELECT 1
FROM lakeflow.job_run_timeline WHERE run_duration_seconds = 0 AND period_end_time > period_start_time;

-- older rows have neither durations nor a termination type
SELECT 1
FROM lakeflow.job_run_timeline
WHERE result_state IS NOT NULL AND run_duration_seconds IS NULL AND termination_type IS NULL;

-- runs of several tasks report no setup and execution
SELECT 1
FROM lakeflow.job_run_timeline
WHERE setup_duration_seconds = 0 AND execution_duration_seconds = 0 AND run_duration_seconds > 0;

-- a submitted run has no jobs row, only a run name
SELECT 1
FROM lakeflow.job_run_timeline r
WHERE run_type = 'SUBMIT_RUN' AND run_name IS NOT NULL AND NOT EXISTS (
SELECT 1 FROM lakeflow.jobs j WHERE j.job_id = r.job_id AND j.workspace_id = r.workspace_id);

-- a notebook workflow run with no name at all
SELECT 1
FROM lakeflow.job_run_timeline WHERE run_type = 'WORKFLOW_RUN' AND run_name IS NULL;

-- workflow runs have no task rows
SELECT 1
FROM lakeflow.job_run_timeline r WHERE run_type = 'WORKFLOW_RUN' AND NOT EXISTS (
SELECT 1 FROM lakeflow.job_task_run_timeline t WHERE t.job_run_id = r.run_id);

-- the same job and run id in two workspaces
SELECT 1
FROM lakeflow.job_run_timeline WHERE run_type = 'JOB_RUN'
GROUP BY job_id, run_id HAVING count(DISTINCT workspace_id) = 2;

-- an unknown trigger word
SELECT 1
FROM lakeflow.job_run_timeline WHERE trigger_type NOT IN
('CONTINUOUS', 'CRON', 'FILE_ARRIVAL', 'ONETIME', 'ONETIME_RETRY');

-- a nested map of parameters
SELECT 1
FROM lakeflow.job_run_timeline WHERE job_parameters['run_date']['value'] IS NOT NULL;

-- late rows
SELECT 1
FROM demo_estate.lakeflow.job_run_timeline r, demo_estate.main.clock c
WHERE r.arrival > r.period_end_time + INTERVAL 1 HOUR AND r.arrival <= c.now;

-- a task run's id is not the job run's
SELECT 1
FROM lakeflow.job_task_run_timeline t
JOIN lakeflow.job_run_timeline r ON r.run_id = t.job_run_id AND r.workspace_id = t.workspace_id
WHERE t.run_id <> t.job_run_id;

-- a long task comes in slices
SELECT 1
FROM lakeflow.job_task_run_timeline
GROUP BY workspace_id, run_id HAVING count(*) > 1 AND count(result_state) = 1;

-- a job renamed three times
SELECT 1
FROM lakeflow.jobs GROUP BY workspace_id, job_id
HAVING count(DISTINCT name) = 4;

-- a deleted job that has runs
SELECT 1
FROM lakeflow.jobs j JOIN lakeflow.job_run_timeline r USING (workspace_id, job_id)
WHERE j.delete_time IS NOT NULL;

-- a job unchanged for long has no owner's name
SELECT 1
FROM lakeflow.jobs
WHERE run_as_user_name IS NULL AND trigger IS NULL AND create_time IS NULL;

-- a task taken out of its job
SELECT 1
FROM lakeflow.job_tasks WHERE delete_time IS NOT NULL AND task_key = 'backfill';

-- an empty description
SELECT 1
FROM lakeflow.jobs WHERE description = '';

-- a job name with a terminal escape
SELECT 1
FROM lakeflow.jobs WHERE contains(name, chr(27) || ']52;');

-- a job name with a right-to-left override
SELECT 1
FROM lakeflow.jobs WHERE contains(name, chr(8238));

-- a job name with emoji
SELECT 1
FROM lakeflow.jobs WHERE contains(name, '🛫');

-- a job name in wide letters
SELECT 1
FROM lakeflow.jobs WHERE contains(name, '東京');

-- a job name with markup
SELECT 1
FROM lakeflow.jobs WHERE contains(name, '[/x]') AND contains(name, '[@click=');

-- a NULL statement text
SELECT 1
FROM query.history WHERE statement_text IS NULL;

-- an empty statement text
SELECT 1
FROM query.history WHERE statement_text = '';

-- an empty error of a failed statement
SELECT 1
FROM query.history WHERE execution_status = 'FAILED' AND error_message = '';

-- a NULL error of a failed statement
SELECT 1
FROM query.history
WHERE execution_status = 'FAILED' AND error_message IS NULL;

-- a statement of 60 kB with control characters
SELECT 1
FROM query.history
WHERE length(statement_text) > 60000 AND contains(statement_text, chr(27) || '[2J')
AND contains(statement_text, chr(10)) AND contains(statement_text, chr(9))
AND contains(statement_text, '[@click=');

-- an error with a terminal escape
SELECT 1
FROM query.history WHERE contains(error_message, chr(27));

-- an error class and its SQLSTATE
SELECT 1
FROM query.history
WHERE regexp_matches(error_message, '^\[[A-Z_.]+\].*SQLSTATE: [0-9A-Z]{5}');

-- serverless without a warehouse
SELECT 1
FROM query.history
WHERE compute.type = 'SERVERLESS_COMPUTE' AND compute.warehouse_id IS NULL;

-- the monitor's own statements
SELECT 1
FROM query.history
WHERE query_tags['app'] = 'sysmon_tui' AND starts_with(client_application, 'sysmon_tui/0.1.0');

-- an answer from the result cache
SELECT 1
FROM query.history
WHERE from_result_cache AND cache_origin_statement_id IS NOT NULL;

-- a cancelled statement
SELECT 1
FROM query.history WHERE execution_status = 'CANCELED';

-- no statement type where the text does not parse
SELECT 1
FROM query.history
WHERE statement_type IS NULL AND starts_with(error_message, '[PARSE_SYNTAX_ERROR]');

-- task time beyond the wall clock
SELECT 1
FROM query.history WHERE total_task_duration_ms > total_duration_ms;

-- a warehouse renamed and resized
SELECT 1
FROM compute.warehouses GROUP BY workspace_id, warehouse_id
HAVING count(*) > 2 AND count(DISTINCT warehouse_name) > 1 AND count(DISTINCT warehouse_size) > 1;

-- a deleted warehouse that has events
SELECT 1
FROM compute.warehouses w
JOIN compute.warehouse_events e USING (warehouse_id) WHERE w.delete_time IS NOT NULL;

-- events at the same instant
SELECT 1
FROM compute.warehouse_events
GROUP BY warehouse_id, event_time HAVING count(DISTINCT event_type) > 1;

-- RUNNING told twice
SELECT 1
FROM (SELECT event_type, lag(event_type) OVER (
PARTITION BY warehouse_id ORDER BY event_time) AS before FROM compute.warehouse_events)
WHERE event_type = 'RUNNING' AND before = 'RUNNING';

-- an event twice
SELECT 1
FROM access.audit GROUP BY event_id HAVING count(*) = 2;

-- account level events
SELECT 1
FROM access.audit WHERE workspace_id = '0' AND audit_level = 'ACCOUNT_LEVEL';

-- catalog events hide their workspace
SELECT 1
FROM access.audit a
JOIN access.workspaces_latest w ON w.workspace_id = a.request_params['workspace_id']
WHERE a.service_name = 'unityCatalog' AND a.workspace_id = '0';

-- token logins are the noise
SELECT 1
FROM access.audit
HAVING count(*) FILTER (action_name = 'tokenLogin') > 0.2 * count(*);

-- background work
SELECT 1
FROM access.audit WHERE user_identity.email = 'System-User';

-- an address with a port
SELECT 1
FROM access.audit WHERE regexp_matches(source_ip_address, '^[0-9.]+:\d+$');

-- an empty address
SELECT 1
FROM access.audit WHERE source_ip_address = '';

-- the address 0.0.0.0
SELECT 1
FROM access.audit WHERE source_ip_address = '0.0.0.0';

-- a failed login of nobody
SELECT 1
FROM access.audit
WHERE user_identity.email IS NULL AND response.status_code = 401 AND request_params['user'] IS NOT NULL;

-- a failed login of unknown
SELECT 1
FROM access.audit
WHERE user_identity.email = 'unknown' AND response.status_code = 403 AND request_params['user'] IS NOT NULL;
