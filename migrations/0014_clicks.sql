-- How often the links of a broadcast were followed, where its owner has switched that on: of all people together.

CREATE TABLE broadcast_links (
  key TEXT PRIMARY KEY,                   -- stands in the mail, the same in everybody's
  broadcast_id BIGINT NOT NULL REFERENCES broadcasts (id),
  position INTEGER NOT NULL,              -- 1, 2, 3 … in its text
  url TEXT NOT NULL,
  clicks BIGINT NOT NULL DEFAULT 0,
  UNIQUE (broadcast_id, position)
);
