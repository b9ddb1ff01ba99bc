-- What readers say under an article, who they are, and what the owner makes of it.
CREATE TABLE threads (
  id BIGINT PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,           -- canonical, of an allowed origin
  title TEXT NOT NULL DEFAULT '',
  closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
  shown INTEGER NOT NULL DEFAULT 0,   -- comments that the public sees
  version BIGINT NOT NULL DEFAULT 0,  -- counts up with each change of what the public sees
  created_at BIGINT NOT NULL
);

CREATE TABLE commenters (
  id BIGINT PRIMARY KEY,
  email TEXT NOT NULL,                -- never shown, not as a hash either
  email_key TEXT NOT NULL UNIQUE,
  confirmed_at BIGINT,
  approved INTEGER NOT NULL DEFAULT 0,-- comments that the owner let stand
  blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
  epoch INTEGER NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);

CREATE TABLE comments (
  id BIGINT PRIMARY KEY,
  thread_id BIGINT NOT NULL REFERENCES threads (id),
  parent_id BIGINT REFERENCES comments (id),
  path TEXT NOT NULL,                 -- for each comment from the top to this one 12 hex digits of its time and 4 of its id: a thread in reading order
  commenter_id BIGINT REFERENCES commenters (id) ON DELETE SET NULL,
  by_owner INTEGER NOT NULL DEFAULT 0 CHECK (by_owner IN (0, 1)),
  name TEXT NOT NULL,
  website TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',     -- what its form called the page; the page is called so once it is public
  avatar TEXT NOT NULL DEFAULT '',    -- keyed hash that the picture is drawn from
  raw TEXT NOT NULL,                  -- as typed
  html TEXT NOT NULL,                 -- rendered and sanitised once
  status TEXT NOT NULL CHECK (status IN ('unverified', 'pending', 'approved', 'spam', 'deleted')),
  why TEXT NOT NULL DEFAULT '',       -- why it waits, for the owner
  learned TEXT NOT NULL DEFAULT '' CHECK (learned IN ('', 'spam', 'ham')),  -- what the owner taught by it
  told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),  -- whether the owner got a mail that it waits
  digest TEXT NOT NULL DEFAULT '',    -- keyed hash of place, name and text: the same again is refused
  follow TEXT NOT NULL DEFAULT '' CHECK (follow IN ('', 'replies', 'thread')),
  signup_id BIGINT,                   -- the sign-up that its confirmation also confirms
  source TEXT,                        -- where it was imported from, with its id there
  source_id TEXT,
  created_at BIGINT NOT NULL,
  edited_at BIGINT,
  decided_at BIGINT,
  UNIQUE (source, source_id)
);
CREATE UNIQUE INDEX comments_digest ON comments (digest) WHERE digest <> '';
CREATE INDEX comments_shown ON comments (thread_id, path) WHERE status IN ('approved', 'deleted');
CREATE INDEX comments_latest ON comments (created_at) WHERE status = 'approved';
CREATE INDEX comments_latest_here ON comments (thread_id, created_at) WHERE status = 'approved';
CREATE INDEX comments_unverified ON comments (id) WHERE status = 'unverified';
CREATE INDEX comments_pending ON comments (id) WHERE status = 'pending';
CREATE INDEX comments_spam ON comments (id) WHERE status = 'spam';
CREATE INDEX comments_commenter ON comments (commenter_id) WHERE commenter_id IS NOT NULL;
CREATE INDEX comments_parent ON comments (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE follows (
  id BIGINT NOT NULL UNIQUE,          -- what the link to leave holds: one number, so that it fits its header
  thread_id BIGINT NOT NULL REFERENCES threads (id),
  commenter_id BIGINT NOT NULL REFERENCES commenters (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('none', 'replies', 'thread')),
  PRIMARY KEY (thread_id, commenter_id)
);
CREATE INDEX follows_commenter ON follows (commenter_id);

CREATE TABLE notices (                -- of approved comments, whose followers are told once
  comment_id BIGINT PRIMARY KEY REFERENCES comments (id) ON DELETE CASCADE,
  after BIGINT NOT NULL DEFAULT 0,    -- the last commenter told
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
);
CREATE INDEX notices_due ON notices (comment_id) WHERE done = 0;
CREATE TABLE comment_mails (          -- mails that hold words of a comment, so that they go with it
  comment_id BIGINT NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
  outbox_id BIGINT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  PRIMARY KEY (comment_id, outbox_id)
);
CREATE INDEX comment_mails_outbox ON comment_mails (outbox_id);
