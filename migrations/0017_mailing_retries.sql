-- What of a mailing is sent once more, a slice of its rows at a time, so that no sign-up waits for a million of them.
-- How far that has come is written down with each slice: a crash leaves nobody out, and nobody has it twice.

CREATE TABLE mailing_retries (
  mailing_id BIGINT NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('failed', 'in_doubt')),
  reached BIGINT NOT NULL DEFAULT 0,      -- rows of subscribers up to this id were seen to
  PRIMARY KEY (mailing_id, state)
);
