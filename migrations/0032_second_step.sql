-- A code from an app, asked after the sign-in link of whoever wants that.

CREATE TABLE authenticators (
  owner_id BIGINT PRIMARY KEY REFERENCES owners (id) ON DELETE CASCADE,
  salt TEXT NOT NULL,                 -- the app's secret is a keyed hash of it: a copy of the database has no secret
  confirmed_at BIGINT,                -- NULL: it is being set up, and nothing is asked
  last_step BIGINT NOT NULL DEFAULT 0,  -- of the last code that was taken; no code is taken twice
  tries INTEGER NOT NULL DEFAULT 0,
  tries_since BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (         -- each works once: its row goes
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,                 -- keyed
  PRIMARY KEY (owner_id, hash)
);

ALTER TABLE sessions ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1));  -- for the code; opens nothing
