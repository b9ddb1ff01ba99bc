-- What holds mail back: the relay's pause, its rate, its day. Rows, so that all workers share them and they outlive a restart.

CREATE TABLE send_limits (
  name TEXT PRIMARY KEY,                  -- 'relay' is everything that leaves
  paused_until BIGINT NOT NULL DEFAULT 0,
  pause BIGINT NOT NULL DEFAULT 0,        -- ms, how long the last one was: the next is twice that; 0: all is well
  next_at BIGINT NOT NULL DEFAULT 0,      -- when the rate lets the next message go
  sent TEXT NOT NULL DEFAULT '{}'         -- JSON: how many went, by the hour since 1970, of the last 25 hours
);
INSERT INTO send_limits (name) VALUES ('relay');

ALTER TABLE sign_in_links ADD COLUMN mailed INTEGER NOT NULL DEFAULT 0 CHECK (mailed IN (0, 1));  -- or printed on a terminal

-- Whose traces are still to leave the files, by keyed hash: 'log …' and, once the log is emptied, 'file …'.
CREATE TABLE chores (
  name TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);
