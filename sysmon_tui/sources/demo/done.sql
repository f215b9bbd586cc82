-- What the days were made from; a quarter of a small estate's memory.
DROP TABLE attempt;
DROP TABLE run_slice;
DROP TABLE session;
