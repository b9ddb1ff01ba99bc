-- How many people have which status, and how many came, confirmed and left on which day: kept as it happens, since the
-- desk's first page and `/metrics` would else count everybody each time. Who comes is counted by what adds them
-- (newsletter/subscribers/store/counts.py): a trigger for each of them would cost an import a tenth of its time.
--
-- A count is the sum of its rows: with one row for each, all who write at once would wait for each other. They are
-- folded into one by and by.

CREATE TABLE subscriber_counts (
  kind TEXT NOT NULL,      -- a status; joined, confirmed, left; or recounted, of which there is one
  day BIGINT NOT NULL,     -- its first ms, UTC; 0 of a status; of what was recounted: when (ms)
  people BIGINT NOT NULL
);

CREATE FUNCTION count_subscriber() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO subscriber_counts (kind, day, people)  -- NEW is all NULL where a row is deleted
  SELECT kind, day, sum(change) FROM (VALUES
    (OLD.status, 0, -1),
    (NEW.status, 0, 1),
    ('joined', OLD.created_at / 86400000 * 86400000, -1),
    ('joined', NEW.created_at / 86400000 * 86400000, 1),
    ('confirmed', OLD.confirmed_at / 86400000 * 86400000, -1),
    ('confirmed', NEW.confirmed_at / 86400000 * 86400000, 1),
    ('left', OLD.unsubscribed_at / 86400000 * 86400000, -1),
    ('left', NEW.unsubscribed_at / 86400000 * 86400000, 1)) AS changes (kind, day, change)
  WHERE kind IS NOT NULL AND day IS NOT NULL GROUP BY kind, day HAVING sum(change) <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER subscriber_changes
AFTER UPDATE OF status, confirmed_at, unsubscribed_at ON subscribers FOR EACH ROW
WHEN (OLD.status <> NEW.status OR OLD.confirmed_at IS DISTINCT FROM NEW.confirmed_at
  OR OLD.unsubscribed_at IS DISTINCT FROM NEW.unsubscribed_at)
EXECUTE FUNCTION count_subscriber();

CREATE TRIGGER subscriber_goes
AFTER DELETE ON subscribers FOR EACH ROW EXECUTE FUNCTION count_subscriber();

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
