-- What became of the mail to each domain, by day: kept, since the page of domains with trouble would else go through all
-- mail of a month each time. Nothing is written for it where mail is sent: what was settled is counted a slice at a time
-- (newsletter/mail/domain_counts.py), and what that hasn't come to yet is counted by whoever looks.

CREATE TABLE domain_counts (
  day BIGINT NOT NULL,     -- its first ms, UTC
  domain TEXT NOT NULL,    -- in lower case
  what TEXT NOT NULL,      -- accepted; else a bounce's kind
  mails BIGINT NOT NULL,
  PRIMARY KEY (day, domain, what)
);

CREATE TABLE domain_counts_reach (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  counted_from BIGINT NOT NULL,  -- the first day (ms) of which counts are kept
  counted_to BIGINT NOT NULL,    -- ms: what was settled, or came back, up to then is counted
  recounted_at BIGINT NOT NULL   -- ms: when all of it was last counted once more
);
INSERT INTO domain_counts_reach (id, counted_from, counted_to, recounted_at) VALUES (1, 0, 0, 0);

CREATE INDEX bounces_came ON bounces (at);

-- Who is erased is counted no more: a domain can be one person's own. Their bounces go after their mail.
CREATE TRIGGER domain_counts_mail_goes AFTER DELETE ON outbox WHEN OLD.recipient <> ''
BEGIN
  INSERT INTO domain_counts (day, domain, what, mails)
  SELECT at / 86400000 * 86400000, lower(substr(OLD.recipient, instr(OLD.recipient, '@') + 1)), what, -1
  FROM domain_counts_reach, (
    SELECT OLD.settled_at AS at, 'accepted' AS what WHERE OLD.state = 'sent'
    UNION ALL SELECT at, kind FROM bounces WHERE outbox_id = OLD.id)
  WHERE at >= counted_from AND at <= counted_to
  ON CONFLICT (day, domain, what) DO UPDATE SET mails = mails + excluded.mails;
END;

CREATE TRIGGER domain_counts_mail_skipped AFTER UPDATE OF recipient ON outbox
WHEN OLD.recipient <> '' AND NEW.recipient = ''
BEGIN
  INSERT INTO domain_counts (day, domain, what, mails)
  SELECT at / 86400000 * 86400000, lower(substr(OLD.recipient, instr(OLD.recipient, '@') + 1)), what, -1
  FROM domain_counts_reach, (
    SELECT OLD.settled_at AS at, 'accepted' AS what WHERE OLD.state = 'sent'
    UNION ALL SELECT at, kind FROM bounces WHERE outbox_id = OLD.id)
  WHERE at >= counted_from AND at <= counted_to
  ON CONFLICT (day, domain, what) DO UPDATE SET mails = mails + excluded.mails;
END;
