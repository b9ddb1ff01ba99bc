-- Programs elsewhere that are told what happened here, and a row for each event and each of them.
--
-- What happened is read from the rows that say so; only an erasure leaves none, and writes its delivery itself.

CREATE TABLE webhooks (
  id BIGINT PRIMARY KEY,
  url TEXT NOT NULL,
  events TEXT NOT NULL,               -- with spaces between them
  state TEXT NOT NULL DEFAULT 'on' CHECK (state IN ('on', 'off')),
  why TEXT NOT NULL DEFAULT '',       -- it is off; '' when its owner wanted so
  secret INTEGER NOT NULL DEFAULT 1,  -- the number of its newest: the secret is made of it and of the service's key
  overlap_until BIGINT NOT NULL DEFAULT 0,  -- so long it is signed with the one before too
  since BIGINT NOT NULL,              -- what happened before it is not told
  noted_to BIGINT NOT NULL,           -- so far it was looked for what happened
  held_until BIGINT NOT NULL DEFAULT 0,  -- a worker has it, or it is left alone for a while
  failing_since BIGINT,               -- no delivery has gone well since
  created_at BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (     -- nobody's address is in it: its body is made when it is sent
  id BIGINT PRIMARY KEY,
  webhook_id BIGINT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  event TEXT NOT NULL,
  subject_id BIGINT NOT NULL,         -- the row that the event is about
  subscriber_id BIGINT REFERENCES subscribers (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,                 -- when it happened
  state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before BIGINT NOT NULL,
  tried_at BIGINT,
  status INTEGER NOT NULL DEFAULT 0,  -- HTTP's; 0: there was no answer
  took INTEGER NOT NULL DEFAULT 0,    -- ms
  answer TEXT NOT NULL DEFAULT '',    -- its first characters, without any address, or why there is none
  UNIQUE (webhook_id, event, subject_id)
);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (webhook_id, state, not_before, id);
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_at ON webhook_deliveries (at) WHERE state <> 'queued';
CREATE INDEX webhook_deliveries_subscriber ON webhook_deliveries (subscriber_id) WHERE subscriber_id IS NOT NULL;

-- What is looked for by its time. The one of those who confirmed is there.
CREATE INDEX consent_records_left ON consent_records (at) WHERE kind = 'unsubscribed';
CREATE INDEX bounces_at ON bounces (at) WHERE subscriber_id IS NOT NULL;
CREATE INDEX comments_published ON comments (coalesce(decided_at, created_at)) WHERE status = 'approved';
