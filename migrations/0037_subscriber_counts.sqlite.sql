-- How many people have which status, and how many came, confirmed and left on which day: kept as it happens, since the
-- desk's first page and `/metrics` would else count everybody each time. Who comes is counted by what adds them
-- (newsletter/subscribers/store/counts.py): a trigger for each of them would cost an import a tenth of its time.

CREATE TABLE subscriber_counts (
  kind TEXT NOT NULL,      -- a status; joined, confirmed, left; or recounted, of which there is one
  day BIGINT NOT NULL,     -- its first ms, UTC; 0 of a status; of what was recounted: when (ms)
  people BIGINT NOT NULL,
  PRIMARY KEY (kind, day)
);

CREATE TRIGGER subscriber_changes
AFTER UPDATE OF status, confirmed_at, unsubscribed_at ON subscribers
WHEN OLD.status <> NEW.status OR OLD.confirmed_at IS NOT NEW.confirmed_at
  OR OLD.unsubscribed_at IS NOT NEW.unsubscribed_at
BEGIN
  INSERT INTO subscriber_counts (kind, day, people)
  SELECT kind, day, change FROM (
    SELECT OLD.status AS kind, 0 AS day, -1 AS change
    UNION ALL SELECT NEW.status, 0, 1
    UNION ALL SELECT 'confirmed', OLD.confirmed_at / 86400000 * 86400000, -1
    UNION ALL SELECT 'confirmed', NEW.confirmed_at / 86400000 * 86400000, 1
    UNION ALL SELECT 'left', OLD.unsubscribed_at / 86400000 * 86400000, -1
    UNION ALL SELECT 'left', NEW.unsubscribed_at / 86400000 * 86400000, 1)
  WHERE day IS NOT NULL
  ON CONFLICT (kind, day) DO UPDATE SET people = people + excluded.people;
END;

CREATE TRIGGER subscriber_goes
AFTER DELETE ON subscribers
BEGIN
  INSERT INTO subscriber_counts (kind, day, people)
  SELECT kind, day, -1 FROM (
    SELECT OLD.status AS kind, 0 AS day
    UNION ALL SELECT 'joined', OLD.created_at / 86400000 * 86400000
    UNION ALL SELECT 'confirmed', OLD.confirmed_at / 86400000 * 86400000
    UNION ALL SELECT 'left', OLD.unsubscribed_at / 86400000 * 86400000)
  WHERE day IS NOT NULL
  ON CONFLICT (kind, day) DO UPDATE SET people = people + excluded.people;
END;

INSERT INTO subscriber_counts (kind, day, people) VALUES ('recounted', 0, 0);
INSERT INTO subscriber_counts (kind, day, people)
  SELECT status, 0, count(*) FROM subscribers GROUP BY status;
INSERT INTO subscriber_counts (kind, day, people)
  SELECT 'joined', created_at / 86400000 * 86400000, count(*) FROM subscribers GROUP BY 2;
INSERT INTO subscriber_counts (kind, day, people)
  SELECT 'confirmed', confirmed_at / 86400000 * 86400000, count(*) FROM subscribers
  WHERE confirmed_at IS NOT NULL GROUP BY 2;
INSERT INTO subscriber_counts (kind, day, people)
  SELECT 'left', unsubscribed_at / 86400000 * 86400000, count(*) FROM subscribers
  WHERE unsubscribed_at IS NOT NULL GROUP BY 2;

-- Of the mails that wait, all others are counted along an index already.
CREATE INDEX outbox_in_doubt ON outbox (id) WHERE state = 'in_doubt';
