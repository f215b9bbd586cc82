-- Chance without random(): each draw is a hash of the row's own hash and the number of the draw,
-- so a row comes out the same whatever the thread, the chunk or the order it is made in.
-- Times are whole seconds since 1970 until instant() turns them into a naive UTC TIMESTAMP.

CREATE TEMP MACRO instant(seconds) AS make_timestamp(seconds::BIGINT * 1000000);

-- hash() of two values only exclusive-ors their hashes, so hash(h, 1) and hash(h, 2) would be one draw, not
-- two. Hence the number goes in first and the hash comes after it.
CREATE TEMP MACRO drawn(h, draw) AS hash(xor(h, draw::UBIGINT));
CREATE TEMP MACRO unit(h, draw) AS (drawn(h, draw) >> 40)::DOUBLE / 16777216;
CREATE TEMP MACRO below(h, draw, n) AS (drawn(h, draw) % n::UBIGINT)::BIGINT;
CREATE TEMP MACRO pick(h, draw, options) AS options[1 + below(h, draw, len(options))];
CREATE TEMP MACRO uuid_of(h, draw) AS
  ((drawn(h, draw)::UHUGEINT << 64) + drawn(h, draw + 1)::UHUGEINT)::UUID::VARCHAR;

-- Three draws added up are near enough to a normal deviate (variance 1).
CREATE TEMP MACRO bell(h, draw) AS 2 * (unit(h, draw) + unit(h, draw + 1) + unit(h, draw + 2) - 1.5);
CREATE TEMP MACRO lognormal(h, draw, median, sigma) AS median * exp(sigma * bell(h, draw));

-- Seconds between an event and its row: some minutes, and now and then an hour at most.
CREATE TEMP MACRO lag_s(h, draw, low_min, high_min) AS
  (60 * (low_min + (high_min - low_min) * unit(h, draw))
   + CASE WHEN unit(h, draw + 1) < 0.03 THEN 3600 * (0.5 + 0.3 * unit(h, draw + 2)) ELSE 0 END)::BIGINT;

-- The share of full load at an instant: office hours in UTC, quiet nights and weekends.
CREATE TEMP MACRO load(seconds) AS
  (0.30 + 0.70 * exp(-pow(((seconds % 86400) / 3600.0 - 13) / 4.5, 2)))
  * CASE WHEN (seconds // 86400 + 4) % 7 IN (0, 6) THEN 0.45 ELSE 1 END;

-- The last week is dense, the weeks before are thin: one schedule slot of four, a quarter of the rows.
CREATE TEMP MACRO density(seconds, dense_from) AS CASE WHEN seconds >= dense_from THEN 1.0 ELSE 0.25 END;

-- Incidents repeat every `period` seconds from the build's now on; before it, one in four happened.
-- incident_s: seconds from the nearest incident's climax, counted from `before` seconds ahead of it;
-- NULL where the incident of that turn did not happen.
CREATE TEMP MACRO incident_turn(seconds, t0, period, before) AS
  floor((seconds - t0 + before) / period)::BIGINT;
CREATE TEMP MACRO incident_s(seconds, t0, period, before) AS
  CASE WHEN incident_turn(seconds, t0, period, before) >= 0
         OR incident_turn(seconds, t0, period, before) % 4 = 0
       THEN seconds - t0 - incident_turn(seconds, t0, period, before) * period END;
CREATE TEMP MACRO incidents(since, until, t0, period) AS TABLE
  SELECT turn, t0 + turn * period AS climax_s
  FROM range(ceil((since - t0) / period)::BIGINT, ceil((until - t0) / period)::BIGINT) AS turns (turn)
  WHERE turn >= 0 OR turn % 4 = 0;

-- Ids that are unique but do not sort by time: the factors are coprime to the moduli.
CREATE TEMP MACRO job_id_of(id_no) AS (300000000000000 + (id_no * 61803398873) % 1000000000000)::VARCHAR;
CREATE TEMP MACRO run_id_of(id_no, minute) AS
  (100000000000000 + ((minute * 16384 + id_no) * 1000003) % 1000000000000)::VARCHAR;
CREATE TEMP MACRO task_run_id_of(id_no, minute, part) AS
  (500000000000000 + (((minute * 16384 + id_no) * 16 + part) * 1000003) % 10000000000000)::VARCHAR;

-- The planned minute of the run of a job that is on at an instant: the second half of the run's identity.
-- Must agree with runs.sql about which slots there are.
CREATE TEMP MACRO run_minute(seconds, phase_s, period_s, dense_from) AS
  (seconds - (seconds - phase_s) % CASE WHEN seconds >= dense_from + 4 * period_s OR period_s >= 86400 THEN period_s
    ELSE 4 * period_s END) // 60;

CREATE TEMP MACRO account_id() AS '6f1c5a52-90b7-4a55-9f3c-2b1d8e7f4c10';
