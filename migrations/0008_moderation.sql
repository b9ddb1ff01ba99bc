-- How the owner wants comments judged, and what was learned from them.

CREATE TABLE comment_options (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  policy TEXT NOT NULL DEFAULT 'first' CHECK (policy IN ('all', 'first', 'none')),  -- who is held
  depth INTEGER NOT NULL DEFAULT 3,   -- levels of replies, 1 to 6
  most_links INTEGER NOT NULL DEFAULT 2,
  close_after_days INTEGER NOT NULL DEFAULT 0,  -- 0: never
  rules TEXT NOT NULL DEFAULT '',     -- as the owner wrote them, one a line
  spam INTEGER NOT NULL DEFAULT 0,    -- comments learned from
  ham INTEGER NOT NULL DEFAULT 0,
  told_at BIGINT NOT NULL DEFAULT 0   -- when the owner last got a mail about what waits
);
INSERT INTO comment_options (id) VALUES (1);

CREATE TABLE spam_words (
  token TEXT PRIMARY KEY,
  spam INTEGER NOT NULL DEFAULT 0,
  ham INTEGER NOT NULL DEFAULT 0
);
