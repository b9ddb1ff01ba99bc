-- Who they are, what they agreed to, and how they are sorted.

CREATE TABLE subscribers (
  id BIGINT PRIMARY KEY,
  email TEXT NOT NULL,                -- what goes on the wire; the domain lower-case ASCII
  email_key TEXT NOT NULL UNIQUE,     -- the address in lower case: identity
  status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained', 'blocked')),
  name TEXT NOT NULL DEFAULT '',
  fields TEXT NOT NULL DEFAULT '{}',  -- JSON: a form's own fields, by name
  form_id BIGINT,                     -- the form first confirmed through
  epoch INTEGER NOT NULL DEFAULT 1,   -- counts up when they leave, so that older links die
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT,
  unsubscribed_at BIGINT,
  paused_until BIGINT,
  consent_head TEXT NOT NULL DEFAULT ''  -- hash of their newest consent record
);
CREATE INDEX subscribers_status ON subscribers (status, id);
CREATE INDEX subscribers_pending ON subscribers (created_at) WHERE status = 'pending';

CREATE TABLE consent_records (
  id BIGINT PRIMARY KEY,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,            -- 1, 2, 3 … within one person's chain
  kind TEXT NOT NULL CHECK (kind IN ('confirmed', 'unsubscribed', 'preferences', 'imported')),
  at BIGINT NOT NULL,
  requested_at BIGINT,
  form_id BIGINT,
  wording_id BIGINT,
  message_id TEXT NOT NULL DEFAULT '',-- of the mail whose link was used
  detail TEXT NOT NULL DEFAULT '{}',  -- JSON: channel, page; the IP only when the owner switched it on
  hash TEXT NOT NULL,                 -- keyed, over the row and the hash before it
  UNIQUE (subscriber_id, number)
);

CREATE TABLE tags (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  public INTEGER NOT NULL DEFAULT 0 CHECK (public IN (0, 1))  -- a topic people may choose themselves
);

CREATE TABLE subscriber_tags (
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  tag_id BIGINT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
  PRIMARY KEY (subscriber_id, tag_id)
);
CREATE INDEX subscriber_tags_tag ON subscriber_tags (tag_id);
