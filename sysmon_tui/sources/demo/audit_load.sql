-- The hours of the history, each by its load.
SELECT sum(load(hour_s + 1800) * density(hour_s, $dense_from)) FROM range($since, $t0, 3600) AS hours (hour_s);
