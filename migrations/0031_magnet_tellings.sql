-- Of which version of a guide those are told who have an older one, and how far that has come.

CREATE TABLE magnet_tellings (
  version_id BIGINT PRIMARY KEY REFERENCES magnet_versions (id),
  words TEXT NOT NULL,                -- what is said to all of them
  began_at BIGINT NOT NULL,
  told_to BIGINT NOT NULL DEFAULT 0,  -- the subscriber who was looked at last, by id
  people INTEGER NOT NULL DEFAULT 0,  -- who were told
  done_at BIGINT
);
