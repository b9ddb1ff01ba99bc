-- Limits of each mailbox provider: how it stands with us, and which rows of the ledger count on it.

CREATE TABLE send_domains (
  name TEXT PRIMARY KEY,                  -- the provider, by one of its domains: newsletter/providers.py
  next_at BIGINT NOT NULL DEFAULT 0,      -- when its rate lets the next message go, evenly spread
  slow_until BIGINT NOT NULL DEFAULT 0,   -- it asked for fewer messages: none goes before that
  pause BIGINT NOT NULL DEFAULT 0,        -- ms, how long it was left alone the last time: the next is twice that
  waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1))  -- rows are put aside until it has room
);
CREATE INDEX send_domains_waiting ON send_domains (next_at) WHERE waits = 1;

-- Of a row that a worker has: it is one of its provider's connections. Of another: it is put aside for it.
ALTER TABLE outbox ADD COLUMN provider TEXT;
CREATE INDEX outbox_provider ON outbox (provider, worker, mailing_id) WHERE provider IS NOT NULL;
