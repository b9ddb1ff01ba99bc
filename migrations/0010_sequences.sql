-- Sequences: steps that each person gets one after the other, from the moment that something started it for them.

CREATE TABLE sequences (
  id BIGINT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  start TEXT NOT NULL CHECK (start IN ('confirmed', 'tag', 'downloaded')),
  start_value TEXT NOT NULL DEFAULT '',   -- the tag's name, the magnet's slug
  state TEXT NOT NULL DEFAULT 'off' CHECK (state IN ('off', 'on')),
  why TEXT NOT NULL DEFAULT '',           -- it is off; '' when its owner wanted so
  since BIGINT NOT NULL DEFAULT 0,        -- what happened before it started nothing
  created_at BIGINT NOT NULL
);

CREATE TABLE sequence_steps (
  id BIGINT PRIMARY KEY,
  sequence_id BIGINT NOT NULL REFERENCES sequences (id),
  slug TEXT NOT NULL,
  position INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),  -- keeps its place for those who stand there
  delay BIGINT NOT NULL,                  -- ms after the one before; of the first, after the start
  subject TEXT NOT NULL,
  preheader TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,                     -- Markdown
  sender TEXT NOT NULL DEFAULT '',        -- 'Name <a@b>'; '': NEWSLETTER_FROM
  revision INTEGER NOT NULL DEFAULT 1,    -- of its words
  UNIQUE (sequence_id, slug)
);

CREATE TABLE sequence_entries (
  sequence_id BIGINT NOT NULL REFERENCES sequences (id),
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,                 -- theirs when it started: who leaves has another one
  state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'stopped')),
  step_id BIGINT NOT NULL DEFAULT 0,      -- where they stand: the last step that they got; 0: before the first
  reached_at BIGINT NOT NULL,             -- since when
  started_at BIGINT NOT NULL,
  PRIMARY KEY (sequence_id, subscriber_id)
);
CREATE INDEX sequence_entries_due ON sequence_entries (sequence_id, state, step_id, reached_at);
CREATE INDEX sequence_entries_subscriber ON sequence_entries (subscriber_id);

-- Each step once to each person, whatever happens to either.
CREATE TABLE sequence_sends (
  step_id BIGINT NOT NULL REFERENCES sequence_steps (id),
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  mailing_id BIGINT NOT NULL,
  PRIMARY KEY (step_id, subscriber_id)
);
CREATE INDEX sequence_sends_subscriber ON sequence_sends (subscriber_id);

-- A step's words, frozen for those who come to it within a few minutes: a mail says when it was made.
CREATE TABLE sequence_mailings (
  mailing_id BIGINT PRIMARY KEY,
  step_id BIGINT NOT NULL REFERENCES sequence_steps (id),
  revision INTEGER NOT NULL,
  frozen_at BIGINT NOT NULL
);
CREATE INDEX sequence_mailings_step ON sequence_mailings (step_id, revision, frozen_at);

-- What starts a sequence is found by when it happened.
ALTER TABLE subscriber_tags ADD COLUMN tagged_at BIGINT NOT NULL DEFAULT 0;  -- 0: before that was written down
DROP INDEX subscriber_tags_tag;
CREATE INDEX subscriber_tags_tag ON subscriber_tags (tag_id, tagged_at);
CREATE INDEX consent_records_confirmed ON consent_records (at) WHERE kind = 'confirmed';
CREATE INDEX downloads_at ON downloads (version_id, at) WHERE automatic = 0;
