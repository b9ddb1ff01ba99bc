-- Imports of subscribers: how far each has come, and which rows of its file were refused. No row holds an address.

CREATE TABLE imports (
  id BIGINT PRIMARY KEY,
  sha256 TEXT NOT NULL,               -- of the file: who imports it again the same way goes on where it was broken off
  plan TEXT NOT NULL,                 -- JSON: the consent's origin, what each column is for, the tags for everybody
  people BIGINT NOT NULL,             -- rows that could be read
  unreadable BIGINT NOT NULL,         -- rows that could not
  position BIGINT NOT NULL DEFAULT 0, -- of the people, sorted by address: so many are done
  tally TEXT NOT NULL DEFAULT '{}',   -- JSON: what came of them
  state TEXT NOT NULL CHECK (state IN ('running', 'done')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX imports_running ON imports (sha256) WHERE state = 'running';

CREATE TABLE import_refusals (
  import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  line BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (import_id, line)
);
