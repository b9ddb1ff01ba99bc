-- What became of the mail to each domain, by day: kept, since the page of domains with trouble would else go through all
-- mail of a month each time. Nothing is written for it where mail is sent: what was settled is counted a slice at a time
-- (newsletter/mail/domain_counts.py), and what that hasn't come to yet is counted by whoever looks.
--
-- A count is the sum of its rows: with one row for each, all who are erased at once would wait for each other. They are
-- folded into one by and by.

CREATE TABLE domain_counts (
  day BIGINT NOT NULL,     -- its first ms, UTC
  domain TEXT NOT NULL,    -- in lower case
  what TEXT NOT NULL,      -- accepted; else a bounce's kind
  mails BIGINT NOT NULL
);
CREATE INDEX domain_counts_day ON domain_counts (day, domain, what);

CREATE TABLE domain_counts_reach (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  counted_from BIGINT NOT NULL,  -- the first day (ms) of which counts are kept
  counted_to BIGINT NOT NULL,    -- ms: what was settled, or came back, up to then is counted
  recounted_at BIGINT NOT NULL   -- ms: when all of it was last counted once more
);
INSERT INTO domain_counts_reach (id, counted_from, counted_to, recounted_at) VALUES (1, 0, 0, 0);

CREATE INDEX bounces_came ON bounces (at);

-- Who is erased is counted no more: a domain can be one person's own. Their bounces go after their mail.
CREATE FUNCTION uncount_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO domain_counts (day, domain, what, mails)
  SELECT at / 86400000 * 86400000, lower(substr(OLD.recipient, strpos(OLD.recipient, '@') + 1)), what, -1
  FROM domain_counts_reach, (
    SELECT OLD.settled_at AS at, 'accepted' AS what WHERE OLD.state = 'sent'
    UNION ALL SELECT at, kind FROM bounces WHERE outbox_id = OLD.id) gone
  WHERE at >= counted_from AND at <= counted_to;
  RETURN NULL;
END $$;

CREATE TRIGGER domain_counts_mail_goes AFTER DELETE ON outbox FOR EACH ROW
WHEN (OLD.recipient <> '') EXECUTE FUNCTION uncount_mail();

CREATE TRIGGER domain_counts_mail_skipped AFTER UPDATE OF recipient ON outbox FOR EACH ROW
WHEN (OLD.recipient <> '' AND NEW.recipient = '') EXECUTE FUNCTION uncount_mail();
