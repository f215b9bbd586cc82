-- The load that the sessions of the history carry.
SELECT sum(weight) FROM session WHERE running_s < $t0;
