-- What is done to many subscribers at once: whom it is about is written down before anything is done, in rows of 200.

CREATE TABLE bulk_changes (
  id BIGINT PRIMARY KEY,
  verb TEXT NOT NULL CHECK (verb IN ('tag', 'untag', 'erase')),
  tag TEXT NOT NULL,                   -- its name; '' where they are erased
  about TEXT NOT NULL,                 -- the segment in words; '' may be everybody, or those who were ticked
  zone TEXT NOT NULL,                  -- of the days in it
  state TEXT NOT NULL CHECK (state IN ('gathering', 'asked', 'running', 'done', 'stopped', 'undoing', 'undone')),
  reached BIGINT NOT NULL DEFAULT 0,   -- the last subscriber that was gathered
  people BIGINT NOT NULL DEFAULT 0,    -- who were gathered
  position BIGINT NOT NULL DEFAULT 0,  -- so many of them are done; while it is undone, so many still stand
  changed BIGINT NOT NULL DEFAULT 0,   -- for so many it was news
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE bulk_slices (
  bulk_id BIGINT NOT NULL REFERENCES bulk_changes (id) ON DELETE CASCADE,
  n BIGINT NOT NULL,                   -- 0 is the first
  ids TEXT NOT NULL,                   -- JSON: subscribers, by their ids
  changed TEXT NOT NULL DEFAULT '[]',  -- JSON: those whose tag was given or taken, and since when they had it
  PRIMARY KEY (bulk_id, n)
);
