-- Files of subscribers that were sent to the desk. They lie beside the database while they are worked on: no address is here.

CREATE TABLE import_uploads (
  id BIGINT PRIMARY KEY,              -- and the name of the file
  name TEXT NOT NULL,                 -- as it was called where it came from
  size BIGINT NOT NULL,               -- bytes
  choice TEXT NOT NULL DEFAULT '{}',  -- JSON: what each column is for, the consent's origin, a tag for everybody
  state TEXT NOT NULL CHECK (state IN ('uploaded', 'checking', 'checked', 'importing', 'done', 'failed')),
  why TEXT NOT NULL DEFAULT '',       -- it failed
  people BIGINT NOT NULL DEFAULT 0,   -- rows, while it is being worked on
  position BIGINT NOT NULL DEFAULT 0, -- so many of them are done
  tally TEXT NOT NULL DEFAULT '{}',   -- JSON: what came of them
  refused TEXT NOT NULL DEFAULT '[]', -- JSON: the first lines and reasons of a dry run
  import_id BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
