-- What came back, a row for each message and kind: nothing counts twice, whichever way it is told.

CREATE TABLE bounces (
  outbox_id BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('hard', 'soft', 'policy', 'complaint')),
  subscriber_id BIGINT REFERENCES subscribers (id) ON DELETE CASCADE,  -- none: a commenter, an owner
  mailing_id BIGINT,
  status TEXT NOT NULL DEFAULT '',    -- 5.1.1, where a server said one
  words TEXT NOT NULL DEFAULT '',     -- the server's, without any address
  sent_at BIGINT NOT NULL,            -- when the message left
  at BIGINT NOT NULL,                 -- when it was known to have come back
  PRIMARY KEY (outbox_id, kind)
);
CREATE INDEX bounces_subscriber ON bounces (subscriber_id, at) WHERE subscriber_id IS NOT NULL;

CREATE INDEX outbox_failed ON outbox (settled_at) WHERE state = 'failed';
