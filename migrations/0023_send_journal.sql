-- What a worker has on the wire to many, and what servers have taken of it that its rows don't say yet.
--
-- A row for each of its commits, and all of them one again whenever its rows are settled. A worker that has none is of
-- a time before there was a journal: all that it held and that is 'sending' is in doubt.
CREATE TABLE send_journal (
  worker BIGINT NOT NULL,
  begun TEXT NOT NULL,                    -- JSON: rows of the outbox whose messages may have left
  accepted TEXT NOT NULL                  -- JSON: of those, what a server has taken, and its words
);
