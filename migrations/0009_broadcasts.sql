-- What is written to many: the owner's draft, the message that it was frozen into, a row of the ledger per person.

CREATE TABLE mailings (
  id BIGINT PRIMARY KEY,
  content BYTEA NOT NULL,                 -- the frozen message: constant pieces, and slots for what differs
  seed TEXT NOT NULL,                     -- Message-IDs are made of it and of the subscriber
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'held', 'cancelled')),
  why TEXT NOT NULL DEFAULT '',           -- it is held; '' when its owner holds it
  created_at BIGINT NOT NULL,
  answered BIGINT NOT NULL DEFAULT 0,     -- what servers have said since it was last let go, for the breaker
  refused BIGINT NOT NULL DEFAULT 0,      -- of those, for good
  distrusted BIGINT NOT NULL DEFAULT 0    -- in a row, by policy (5.7.x)
);
CREATE INDEX mailings_open ON mailings (id) WHERE state = 'open';

ALTER TABLE outbox ADD COLUMN mailing_id BIGINT;
CREATE UNIQUE INDEX outbox_mailing ON outbox (mailing_id, subscriber_id) WHERE mailing_id IS NOT NULL;
CREATE INDEX outbox_states ON outbox (mailing_id, state, not_before) WHERE mailing_id IS NOT NULL;

-- Transactional messages alone: no broadcast, however long, stands in their way.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (not_before, id) WHERE mailing_id IS NULL AND state IN ('queued', 'deferred');

-- A row of a mailing belongs to a worker before it is 'sending': reserved, and free again when that worker dies.
DROP INDEX outbox_sending;
CREATE INDEX outbox_worker ON outbox (worker) WHERE worker IS NOT NULL;

CREATE TABLE broadcasts (
  id BIGINT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,              -- of its page in the archive
  subject TEXT NOT NULL DEFAULT '',
  preheader TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT '',          -- Markdown
  audience TEXT NOT NULL DEFAULT '',      -- a segment's text; '': everybody who is active
  sender TEXT NOT NULL DEFAULT '',        -- 'Name <a@b>'; '': NEWSLETTER_FROM
  archive INTEGER NOT NULL DEFAULT 0 CHECK (archive IN (0, 1)),
  state TEXT NOT NULL DEFAULT 'draft'
    CHECK (state IN ('draft', 'scheduled', 'sending', 'paused', 'cancelled', 'sent')),
  send_at BIGINT,                         -- scheduled: when
  mailing_id BIGINT UNIQUE,               -- from the moment that it is sent
  filled_to BIGINT NOT NULL DEFAULT 0,    -- subscribers up to this id have their row
  filled INTEGER NOT NULL DEFAULT 0 CHECK (filled IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  sent_at BIGINT,                         -- when it was sent off
  finished_at BIGINT
);
CREATE INDEX broadcasts_state ON broadcasts (state, id);
