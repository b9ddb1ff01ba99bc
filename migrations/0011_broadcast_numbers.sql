-- What came back of a mailing, once for each person: they left by its link, their mailbox is gone, they complained.

CREATE TABLE mailing_responses (
  mailing_id BIGINT NOT NULL,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('unsubscribed', 'bounced', 'complained')),
  at BIGINT NOT NULL,
  PRIMARY KEY (mailing_id, subscriber_id, kind)
);
CREATE INDEX mailing_responses_subscriber ON mailing_responses (subscriber_id);
