-- Who did what, and when. Rows are added and never changed; they name nobody by an address.

CREATE TABLE audit (
  id BIGINT PRIMARY KEY,              -- by time
  at BIGINT NOT NULL,
  way TEXT NOT NULL CHECK (way IN ('desk', 'api', 'terminal')),
  actor_id BIGINT,                    -- a person's, a token's; no foreign key: it stays when they go
  actor_name TEXT NOT NULL DEFAULT '',  -- a token's prefix, which opens nothing
  area TEXT NOT NULL,                 -- forms, broadcasts, …
  verb TEXT NOT NULL,
  object TEXT NOT NULL DEFAULT '',    -- an id or a slug
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_actor ON audit (actor_id, id);
CREATE INDEX audit_area ON audit (area, id);
