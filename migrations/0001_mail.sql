-- The ledger of everything that leaves, who must never be mailed, and the files that mails and links deliver.

CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  message TEXT NOT NULL,              -- a folder of templates/email/
  priority INTEGER NOT NULL,          -- 0 transactional, 10 broadcast
  subscriber_id BIGINT,
  recipient TEXT NOT NULL,
  context TEXT NOT NULL,              -- JSON: what the templates may say; links as purpose and ids, no live token
  message_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'in_doubt', 'skipped')),
  attempts INTEGER NOT NULL DEFAULT 0,
  resends INTEGER NOT NULL DEFAULT 0, -- after a crash or a lost answer
  not_before BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  worker BIGINT,                      -- who holds it while it is 'sending'
  settled_at BIGINT,
  reply TEXT NOT NULL DEFAULT ''      -- the server's last words, or why it was skipped
);
CREATE INDEX outbox_due ON outbox (priority, not_before, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX outbox_sending ON outbox (worker) WHERE state = 'sending';
CREATE INDEX outbox_subscriber ON outbox (subscriber_id) WHERE subscriber_id IS NOT NULL;
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE workers (
  id BIGINT PRIMARY KEY,
  seen_at BIGINT NOT NULL             -- one that was not seen for 30 s is dead; what it held is in doubt
);

CREATE TABLE suppressions (
  key TEXT PRIMARY KEY,               -- keyed hash of the address: nobody can be read out of it
  reason TEXT NOT NULL CHECK (reason IN ('not_me', 'erased', 'bounced', 'complained', 'owner')),
  created_at BIGINT NOT NULL,
  expires_at BIGINT
);

CREATE TABLE mail_budgets (
  key TEXT PRIMARY KEY,               -- keyed hash of the canonical address (dots, +tags folded)
  sent INTEGER NOT NULL,              -- since the address last confirmed
  last_at BIGINT NOT NULL
);

CREATE TABLE files (
  id BIGINT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL                -- bytes
);

CREATE TABLE file_chunks (
  file_id BIGINT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  bytes BYTEA NOT NULL,               -- 262144 of them, fewer in the last
  PRIMARY KEY (file_id, n)
);
