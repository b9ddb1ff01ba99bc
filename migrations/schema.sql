-- Made from the migrations by `python -m newsletter.storage.schema`: read it, change them.

CREATE TABLE api_answers (            -- to requests with an Idempotency-Key; nobody's address is in them
  token_id BIGINT NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
  key TEXT NOT NULL,                  -- keyed hash of the Idempotency-Key
  request TEXT NOT NULL,              -- keyed hash of method, path and body
  status INTEGER NOT NULL,            -- 0: it is being done
  location TEXT NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (token_id, key)
);
CREATE INDEX api_answers_at ON api_answers (at);

CREATE TABLE api_tokens (
  id INTEGER PRIMARY KEY,
  prefix TEXT NOT NULL UNIQUE,        -- shown, so that its owner knows which it is; it opens nothing
  hash TEXT NOT NULL UNIQUE,          -- keyed, of the whole token, which is kept nowhere
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,               -- with spaces between them
  created_at BIGINT NOT NULL,
  used_at BIGINT,                     -- to the hour
  expires_at BIGINT
);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,              -- by time
  at BIGINT NOT NULL,
  way TEXT NOT NULL CHECK (way IN ('desk', 'api', 'terminal')),
  actor_id BIGINT,                    -- a person's, a token's; no foreign key: it stays when they go
  actor_name TEXT NOT NULL DEFAULT '',  -- a token's prefix, which opens nothing
  area TEXT NOT NULL,                 -- forms, broadcasts, …
  verb TEXT NOT NULL,
  object TEXT NOT NULL DEFAULT '',    -- an id or a slug
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_actor ON audit (actor_id, id);
CREATE INDEX audit_area ON audit (area, id);

CREATE TABLE authenticators (
  owner_id INTEGER PRIMARY KEY REFERENCES owners (id) ON DELETE CASCADE,
  salt TEXT NOT NULL,                 -- the app's secret is a keyed hash of it: a copy of the database has no secret
  confirmed_at BIGINT,                -- NULL: it is being set up, and nothing is asked
  last_step BIGINT NOT NULL DEFAULT 0,  -- of the last code that was taken; no code is taken twice
  tries INTEGER NOT NULL DEFAULT 0,
  tries_since BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE bounce_events (
  key TEXT PRIMARY KEY,       -- keyed hash of the provider's own name for it
  at BIGINT NOT NULL
);
CREATE INDEX bounce_events_at ON bounce_events (at);

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
CREATE INDEX bounces_at ON bounces (at) WHERE subscriber_id IS NOT NULL;
CREATE INDEX bounces_came ON bounces (at);
CREATE INDEX bounces_subscriber ON bounces (subscriber_id, at) WHERE subscriber_id IS NOT NULL;

CREATE TABLE broadcast_links (
  key TEXT PRIMARY KEY,                   -- stands in the mail, the same in everybody's
  broadcast_id BIGINT NOT NULL REFERENCES broadcasts (id),
  position INTEGER NOT NULL,              -- 1, 2, 3 … in its text
  url TEXT NOT NULL,
  clicks BIGINT NOT NULL DEFAULT 0,
  UNIQUE (broadcast_id, position)
);

CREATE TABLE broadcasts (
  id INTEGER PRIMARY KEY,
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

CREATE TABLE bulk_changes (
  id INTEGER PRIMARY KEY,
  verb TEXT NOT NULL CHECK (verb IN ('tag', 'untag', 'erase')),
  tag TEXT NOT NULL,                   -- its name; '' where they are erased
  about TEXT NOT NULL,                 -- the segment in words; '' may be everybody, or those who were ticked
  zone TEXT NOT NULL,                  -- of the days in it
  state TEXT NOT NULL CHECK (state IN ('gathering', 'asked', 'running', 'done', 'stopped', 'undoing', 'undone')),
  reached BIGINT NOT NULL DEFAULT 0,   -- the last subscriber that was gathered
  people BIGINT NOT NULL DEFAULT 0,    -- who were gathered
  position BIGINT NOT NULL DEFAULT 0,  -- so many of them are done; while it is undone, so many still stand
  changed BIGINT NOT NULL DEFAULT 0,   -- for so many it was news
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE bulk_slices (
  bulk_id BIGINT NOT NULL REFERENCES bulk_changes (id) ON DELETE CASCADE,
  n BIGINT NOT NULL,                   -- 0 is the first
  ids TEXT NOT NULL,                   -- JSON: subscribers, by their ids
  changed TEXT NOT NULL DEFAULT '[]',  -- JSON: those whose tag was given or taken, and since when they had it
  PRIMARY KEY (bulk_id, n)
);

CREATE TABLE chores (
  name TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);

CREATE TABLE comment_mails (          -- mails that hold words of a comment, so that they go with it
  comment_id BIGINT NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
  outbox_id BIGINT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  PRIMARY KEY (comment_id, outbox_id)
);
CREATE INDEX comment_mails_outbox ON comment_mails (outbox_id);

CREATE TABLE comment_options (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  policy TEXT NOT NULL DEFAULT 'first' CHECK (policy IN ('all', 'first', 'none')),  -- who is held
  depth INTEGER NOT NULL DEFAULT 3,   -- levels of replies, 1 to 6
  most_links INTEGER NOT NULL DEFAULT 2,
  close_after_days INTEGER NOT NULL DEFAULT 0,  -- 0: never
  rules TEXT NOT NULL DEFAULT '',     -- as the owner wrote them, one a line
  spam INTEGER NOT NULL DEFAULT 0,    -- comments learned from
  ham INTEGER NOT NULL DEFAULT 0,
  told_at BIGINT NOT NULL DEFAULT 0   -- when the owner last got a mail about what waits
);

CREATE TABLE commenters (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,                -- never shown, not as a hash either
  email_key TEXT NOT NULL UNIQUE,
  confirmed_at BIGINT,
  approved INTEGER NOT NULL DEFAULT 0,-- comments that the owner let stand
  blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
  epoch INTEGER NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);

CREATE TABLE comments (
  id INTEGER PRIMARY KEY,
  thread_id BIGINT NOT NULL REFERENCES threads (id),
  parent_id BIGINT REFERENCES comments (id),
  path TEXT NOT NULL,                 -- for each comment from the top to this one 12 hex digits of its time and 4 of its id: a thread in reading order
  commenter_id BIGINT REFERENCES commenters (id) ON DELETE SET NULL,
  by_owner INTEGER NOT NULL DEFAULT 0 CHECK (by_owner IN (0, 1)),
  name TEXT NOT NULL,
  website TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',     -- what its form called the page; the page is called so once it is public
  avatar TEXT NOT NULL DEFAULT '',    -- keyed hash that the picture is drawn from
  raw TEXT NOT NULL,                  -- as typed
  html TEXT NOT NULL,                 -- rendered and sanitised once
  status TEXT NOT NULL CHECK (status IN ('unverified', 'pending', 'approved', 'spam', 'deleted')),
  why TEXT NOT NULL DEFAULT '',       -- why it waits, for the owner
  learned TEXT NOT NULL DEFAULT '' CHECK (learned IN ('', 'spam', 'ham')),  -- what the owner taught by it
  told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),  -- whether the owner got a mail that it waits
  digest TEXT NOT NULL DEFAULT '',    -- keyed hash of place, name and text: the same again is refused
  follow TEXT NOT NULL DEFAULT '' CHECK (follow IN ('', 'replies', 'thread')),
  signup_id BIGINT,                   -- the sign-up that its confirmation also confirms
  source TEXT,                        -- where it was imported from, with its id there
  source_id TEXT,
  created_at BIGINT NOT NULL,
  edited_at BIGINT,
  decided_at BIGINT,
  UNIQUE (source, source_id)
);
CREATE INDEX comments_commenter ON comments (commenter_id) WHERE commenter_id IS NOT NULL;

CREATE UNIQUE INDEX comments_digest ON comments (digest) WHERE digest <> '';
CREATE INDEX comments_latest ON comments (created_at) WHERE status = 'approved';
CREATE INDEX comments_latest_here ON comments (thread_id, created_at) WHERE status = 'approved';
CREATE INDEX comments_old_nobodys ON comments (coalesce(decided_at, created_at))
  WHERE status = 'pending' AND commenter_id IS NULL AND by_owner = 0 AND coalesce(source, '') = '';
CREATE INDEX comments_old_spam ON comments (coalesce(decided_at, created_at)) WHERE status = 'spam';
CREATE INDEX comments_old_unverified ON comments (coalesce(decided_at, created_at)) WHERE status = 'unverified';
CREATE INDEX comments_parent ON comments (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_pending ON comments (id) WHERE status = 'pending';
CREATE INDEX comments_published ON comments (coalesce(decided_at, created_at)) WHERE status = 'approved';
CREATE INDEX comments_shown ON comments (thread_id, path, status) WHERE status IN ('approved', 'deleted');
CREATE INDEX comments_spam ON comments (id) WHERE status = 'spam';
CREATE INDEX comments_unverified ON comments (id) WHERE status = 'unverified';

CREATE TABLE consent_records (
  id INTEGER PRIMARY KEY,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,            -- 1, 2, 3 … within one person's chain
  kind TEXT NOT NULL CHECK (kind IN ('confirmed', 'unsubscribed', 'preferences', 'imported')),
  at BIGINT NOT NULL,
  requested_at BIGINT,
  form_id BIGINT,
  wording_id BIGINT,
  message_id TEXT NOT NULL DEFAULT '',-- of the mail whose link was used
  detail TEXT NOT NULL DEFAULT '{}',  -- JSON: channel, page; the IP only when the owner switched it on
  hash TEXT NOT NULL,                 -- keyed, over the row and the hash before it
  UNIQUE (subscriber_id, number)
);
CREATE INDEX consent_records_confirmed ON consent_records (at) WHERE kind = 'confirmed';
CREATE INDEX consent_records_left ON consent_records (at) WHERE kind = 'unsubscribed';

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

CREATE TABLE downloads (
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  version_id BIGINT NOT NULL REFERENCES magnet_versions (id),
  at BIGINT NOT NULL,
  automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),  -- looks like a scanner's
  PRIMARY KEY (subscriber_id, version_id)
);
CREATE INDEX downloads_at ON downloads (version_id, at) WHERE automatic = 0;

CREATE TABLE file_chunks (
  file_id BIGINT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  bytes BYTEA NOT NULL,               -- 262144 of them, fewer in the last
  PRIMARY KEY (file_id, n)
);

CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL                -- bytes
);

CREATE TABLE follows (
  id BIGINT NOT NULL UNIQUE,          -- what the link to leave holds: one number, so that it fits its header
  thread_id BIGINT NOT NULL REFERENCES threads (id),
  commenter_id BIGINT NOT NULL REFERENCES commenters (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('none', 'replies', 'thread')),
  PRIMARY KEY (thread_id, commenter_id)
);
CREATE INDEX follows_commenter ON follows (commenter_id);

CREATE TABLE form_magnets (
  form_id BIGINT NOT NULL REFERENCES forms (id),
  magnet_id BIGINT NOT NULL REFERENCES magnets (id),
  position INTEGER NOT NULL,
  PRIMARY KEY (form_id, magnet_id)
);

CREATE TABLE form_tests (
  id INTEGER PRIMARY KEY,
  form_id BIGINT NOT NULL REFERENCES forms (id),
  variants TEXT NOT NULL,             -- JSON: title, intro and button of A, then of B
  began_at BIGINT NOT NULL,
  ended_at BIGINT,
  chosen TEXT CHECK (chosen IN ('a', 'b'))
);
CREATE INDEX form_tests_form ON form_tests (form_id);

CREATE TABLE form_views (
  form_id BIGINT NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  day BIGINT NOT NULL,                  -- its first millisecond, UTC
  seen BIGINT NOT NULL DEFAULT 0,       -- on a page of ours or in a frame: a form in the author's HTML is not ours to see
  submitted BIGINT NOT NULL DEFAULT 0,
  opened BIGINT NOT NULL DEFAULT 0,     -- pages with the button that confirms; programs that look into mails open it, too
  PRIMARY KEY (form_id, day)
);

CREATE TABLE forms (
  id INTEGER PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  intro TEXT NOT NULL DEFAULT '',
  button TEXT NOT NULL,
  fields TEXT NOT NULL DEFAULT '[]',  -- JSON: name, label, required, help of each field beside email
  tags TEXT NOT NULL DEFAULT '[]',    -- JSON: tag names given on confirmation
  thanks_url TEXT NOT NULL DEFAULT '',-- on an allowed origin; empty: our own page
  wording_id BIGINT NOT NULL,         -- what people agree to now
  created_at BIGINT NOT NULL
, closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)), accent TEXT NOT NULL DEFAULT '', background TEXT NOT NULL DEFAULT '', confirmation_text_id BIGINT, guide_text_id BIGINT, test_id BIGINT, allowed_origins TEXT NOT NULL DEFAULT '[]');

CREATE TABLE funnel_days (
  form_id BIGINT NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  day BIGINT NOT NULL,                  -- its first millisecond, UTC
  mailed BIGINT NOT NULL,
  confirmed BIGINT NOT NULL,
  downloaded BIGINT NOT NULL,
  PRIMARY KEY (form_id, day)
);

CREATE TABLE funnels_kept (
  until BIGINT NOT NULL,                -- the first day that is not in funnel_days
  at BIGINT NOT NULL                    -- when they were counted
);

CREATE TABLE import_refusals (
  import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  line BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (import_id, line)
);

CREATE TABLE import_uploads (
  id INTEGER PRIMARY KEY,              -- and the name of the file
  name TEXT NOT NULL,                 -- as it was called where it came from
  size BIGINT NOT NULL,               -- bytes
  choice TEXT NOT NULL DEFAULT '{}',  -- JSON: what each column is for, the consent's origin, a tag for everybody
  state TEXT NOT NULL CHECK (state IN ('uploaded', 'checking', 'checked', 'importing', 'done', 'failed')),
  why TEXT NOT NULL DEFAULT '',       -- it failed
  people BIGINT NOT NULL DEFAULT 0,   -- rows, while it is being worked on
  position BIGINT NOT NULL DEFAULT 0, -- so many of them are done
  tally TEXT NOT NULL DEFAULT '{}',   -- JSON: what came of them
  refused TEXT NOT NULL DEFAULT '[]', -- JSON: the first lines and reasons of a dry run
  import_id BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE imports (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL,               -- of the file: who imports it again the same way goes on where it was broken off
  plan TEXT NOT NULL,                 -- JSON: the consent's origin, what each column is for, the tags for everybody
  people BIGINT NOT NULL,             -- rows that could be read
  unreadable BIGINT NOT NULL,         -- rows that could not
  position BIGINT NOT NULL DEFAULT 0, -- of the people, sorted by address: so many are done
  tally TEXT NOT NULL DEFAULT '{}',   -- JSON: what came of them
  state TEXT NOT NULL CHECK (state IN ('running', 'done')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX imports_running ON imports (sha256) WHERE state = 'running';

CREATE TABLE magnet_tellings (
  version_id INTEGER PRIMARY KEY REFERENCES magnet_versions (id),
  words TEXT NOT NULL,                -- what is said to all of them
  began_at BIGINT NOT NULL,
  told_to BIGINT NOT NULL DEFAULT 0,  -- the subscriber who was looked at last, by id
  people INTEGER NOT NULL DEFAULT 0,  -- who were told
  done_at BIGINT
);

CREATE TABLE magnet_versions (
  id INTEGER PRIMARY KEY,
  magnet_id BIGINT NOT NULL REFERENCES magnets (id),
  number INTEGER NOT NULL,
  file_id BIGINT NOT NULL REFERENCES files (id),
  notes TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  UNIQUE (magnet_id, number)
);

CREATE TABLE magnets (
  id INTEGER PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  attach INTEGER NOT NULL DEFAULT 0 CHECK (attach IN (0, 1)),  -- the file rides in the mail beside its link
  created_at BIGINT NOT NULL
);

CREATE TABLE mail_budgets (
  key TEXT PRIMARY KEY,               -- keyed hash of the canonical address (dots, +tags folded)
  sent INTEGER NOT NULL,              -- since the address last confirmed
  last_at BIGINT NOT NULL
);

CREATE TABLE mail_texts (
  id INTEGER PRIMARY KEY,
  form_id BIGINT NOT NULL REFERENCES forms (id),
  message TEXT NOT NULL CHECK (message IN ('confirmation', 'guide')),
  number INTEGER NOT NULL,
  subject TEXT NOT NULL,              -- empty: our own, and so for the other two
  above TEXT NOT NULL,                -- the button
  below TEXT NOT NULL,
  sha256 TEXT NOT NULL,               -- over all three
  created_at BIGINT NOT NULL,
  UNIQUE (form_id, message, number)
);

CREATE TABLE mailing_responses (
  mailing_id BIGINT NOT NULL,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('unsubscribed', 'bounced', 'complained')),
  at BIGINT NOT NULL,
  PRIMARY KEY (mailing_id, subscriber_id, kind)
);
CREATE INDEX mailing_responses_subscriber ON mailing_responses (subscriber_id);

CREATE TABLE mailing_retries (
  mailing_id BIGINT NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('failed', 'in_doubt')),
  reached BIGINT NOT NULL DEFAULT 0,      -- rows of subscribers up to this id were seen to
  PRIMARY KEY (mailing_id, state)
);

CREATE TABLE mailings (
  id INTEGER PRIMARY KEY,
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

CREATE TABLE migrations (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at BIGINT NOT NULL
);

CREATE TABLE notices (                -- of approved comments, whose followers are told once
  comment_id INTEGER PRIMARY KEY REFERENCES comments (id) ON DELETE CASCADE,
  after BIGINT NOT NULL DEFAULT 0,    -- the last commenter told
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
);
CREATE INDEX notices_due ON notices (comment_id) WHERE done = 0;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
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
, mailing_id BIGINT, provider TEXT);

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
CREATE INDEX outbox_due ON outbox (not_before, id) WHERE mailing_id IS NULL AND state IN ('queued', 'deferred');
CREATE INDEX outbox_failed ON outbox (settled_at) WHERE state = 'failed';
CREATE INDEX outbox_in_doubt ON outbox (id) WHERE state = 'in_doubt';

CREATE UNIQUE INDEX outbox_mailing ON outbox (mailing_id, subscriber_id) WHERE mailing_id IS NOT NULL;
CREATE INDEX outbox_provider ON outbox (provider, worker, mailing_id) WHERE provider IS NOT NULL;
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX outbox_states ON outbox (mailing_id, state, not_before) WHERE mailing_id IS NOT NULL;
CREATE INDEX outbox_subscriber ON outbox (subscriber_id) WHERE subscriber_id IS NOT NULL;
CREATE INDEX outbox_worker ON outbox (worker) WHERE worker IS NOT NULL;

CREATE TABLE owner_settings (
  name TEXT PRIMARY KEY,              -- as the setting is called, or `archive_about`
  value TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);

CREATE TABLE owners (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
, role TEXT NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'editor', 'moderator')), joined_at BIGINT);

CREATE TABLE passkey_challenges (     -- each is taken once: its row goes
  challenge TEXT PRIMARY KEY,         -- in base64url
  owner_id BIGINT REFERENCES owners (id) ON DELETE CASCADE,  -- who adds one; NULL: somebody signs in
  expires_at BIGINT NOT NULL
);

CREATE TABLE passkeys (
  id INTEGER PRIMARY KEY,
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  credential TEXT NOT NULL UNIQUE,    -- its id, in base64url
  public_key TEXT NOT NULL,           -- COSE, in base64url
  counter BIGINT NOT NULL,            -- of its signatures; 0 where it counts none
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX passkeys_owner ON passkeys (owner_id);

CREATE TABLE recovery_codes (         -- each works once: its row goes
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,                 -- keyed
  PRIMARY KEY (owner_id, hash)
);

CREATE TABLE send_domains (
  name TEXT PRIMARY KEY,                  -- the provider, by one of its domains: newsletter/providers.py
  next_at BIGINT NOT NULL DEFAULT 0,      -- when its rate lets the next message go, evenly spread
  slow_until BIGINT NOT NULL DEFAULT 0,   -- it asked for fewer messages: none goes before that
  pause BIGINT NOT NULL DEFAULT 0,        -- ms, how long it was left alone the last time: the next is twice that
  waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1))  -- rows are put aside until it has room
);
CREATE INDEX send_domains_waiting ON send_domains (next_at) WHERE waits = 1;

CREATE TABLE send_journal (
  worker BIGINT NOT NULL,
  begun TEXT NOT NULL,                    -- JSON: rows of the outbox whose messages may have left
  accepted TEXT NOT NULL                  -- JSON: of those, what a server has taken, and its words
);

CREATE TABLE send_limits (
  name TEXT PRIMARY KEY,                  -- 'relay' is everything that leaves
  paused_until BIGINT NOT NULL DEFAULT 0,
  pause BIGINT NOT NULL DEFAULT 0,        -- ms, how long the last one was: the next is twice that; 0: all is well
  next_at BIGINT NOT NULL DEFAULT 0,      -- when the rate lets the next message go
  sent TEXT NOT NULL DEFAULT '{}'         -- JSON: how many went, by the hour since 1970, of the last 25 hours
, domain TEXT NOT NULL DEFAULT '', began_at BIGINT NOT NULL DEFAULT 0, held_at BIGINT NOT NULL DEFAULT 0, held_why TEXT NOT NULL DEFAULT '');

CREATE TABLE sequence_entries (
  sequence_id BIGINT NOT NULL REFERENCES sequences (id),
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,                 -- theirs when it started: who leaves has another one
  state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'stopped')),
  step_id BIGINT NOT NULL DEFAULT 0,      -- where they stand: the last step that they got; 0: before the first
  reached_at BIGINT NOT NULL,             -- since when
  started_at BIGINT NOT NULL,
  PRIMARY KEY (sequence_id, subscriber_id)
);
CREATE INDEX sequence_entries_due ON sequence_entries (sequence_id, state, step_id, reached_at);
CREATE INDEX sequence_entries_subscriber ON sequence_entries (subscriber_id);

CREATE TABLE sequence_mailings (
  mailing_id INTEGER PRIMARY KEY,
  step_id BIGINT NOT NULL REFERENCES sequence_steps (id),
  revision INTEGER NOT NULL,
  frozen_at BIGINT NOT NULL
);
CREATE INDEX sequence_mailings_step ON sequence_mailings (step_id, revision, frozen_at);

CREATE TABLE sequence_sends (
  step_id BIGINT NOT NULL REFERENCES sequence_steps (id),
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  mailing_id BIGINT NOT NULL,
  PRIMARY KEY (step_id, subscriber_id)
);
CREATE INDEX sequence_sends_subscriber ON sequence_sends (subscriber_id);

CREATE TABLE sequence_steps (
  id INTEGER PRIMARY KEY,
  sequence_id BIGINT NOT NULL REFERENCES sequences (id),
  slug TEXT NOT NULL,
  position INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),  -- keeps its place for those who stand there
  delay BIGINT NOT NULL,                  -- ms after the one before; of the first, after the start
  subject TEXT NOT NULL,
  preheader TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,                     -- Markdown
  sender TEXT NOT NULL DEFAULT '',        -- 'Name <a@b>'; '': NEWSLETTER_FROM
  revision INTEGER NOT NULL DEFAULT 1,    -- of its words
  UNIQUE (sequence_id, slug)
);

CREATE TABLE sequences (
  id INTEGER PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  start TEXT NOT NULL CHECK (start IN ('confirmed', 'tag', 'downloaded')),
  start_value TEXT NOT NULL DEFAULT '',   -- the tag's name, the magnet's slug
  state TEXT NOT NULL DEFAULT 'off' CHECK (state IN ('off', 'on')),
  why TEXT NOT NULL DEFAULT '',           -- it is off; '' when its owner wanted so
  since BIGINT NOT NULL DEFAULT 0,        -- what happened before it started nothing
  created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,          -- of the secret in the cookie
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  browser TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
, waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1)));
CREATE INDEX sessions_owner ON sessions (owner_id);

CREATE TABLE sign_in_links (
  id INTEGER PRIMARY KEY,              -- the link itself is signed when its mail is rendered, and kept nowhere
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
, mailed INTEGER NOT NULL DEFAULT 0 CHECK (mailed IN (0, 1)));

CREATE TABLE signups (
  id INTEGER PRIMARY KEY,
  subscriber_id BIGINT REFERENCES subscribers (id) ON DELETE CASCADE,
  form_id BIGINT NOT NULL REFERENCES forms (id),
  wording_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  page TEXT NOT NULL DEFAULT '',      -- origin of the page that carried the form
  name TEXT NOT NULL DEFAULT '',      -- as typed; reaches the subscriber only when confirmed
  fields TEXT NOT NULL DEFAULT '{}',
  ip TEXT NOT NULL DEFAULT '',        -- only when the owner switched it on
  message_id TEXT NOT NULL DEFAULT '',-- of the confirmation mail
  confirmed_at BIGINT,
  reminded_at BIGINT
, mail_text_id BIGINT, variant TEXT NOT NULL DEFAULT '');
CREATE INDEX signups_subscriber ON signups (subscriber_id);
CREATE INDEX signups_variant ON signups (variant) WHERE variant <> '';
CREATE INDEX signups_waiting ON signups (at) WHERE confirmed_at IS NULL;

CREATE TABLE spam_words (
  token TEXT PRIMARY KEY,
  spam INTEGER NOT NULL DEFAULT 0,
  ham INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE spent_proofs (
  nonce TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX spent_proofs_expiry ON spent_proofs (expires_at);

CREATE TABLE subscriber_counts (
  kind TEXT NOT NULL,      -- a status; joined, confirmed, left; or recounted, of which there is one
  day BIGINT NOT NULL,     -- its first ms, UTC; 0 of a status; of what was recounted: when (ms)
  people BIGINT NOT NULL,
  PRIMARY KEY (kind, day)
);

CREATE TABLE subscriber_tags (
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  tag_id BIGINT NOT NULL REFERENCES tags (id) ON DELETE CASCADE, tagged_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (subscriber_id, tag_id)
);
CREATE INDEX subscriber_tags_people ON subscriber_tags (tag_id, subscriber_id);
CREATE INDEX subscriber_tags_tag ON subscriber_tags (tag_id, tagged_at);

CREATE TABLE subscribers (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,                -- what goes on the wire; the domain lower-case ASCII
  email_key TEXT NOT NULL UNIQUE,     -- the address in lower case: identity
  status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained', 'blocked')),
  name TEXT NOT NULL DEFAULT '',
  fields TEXT NOT NULL DEFAULT '{}',  -- JSON: a form's own fields, by name
  form_id BIGINT,                     -- the form first confirmed through
  epoch INTEGER NOT NULL DEFAULT 1,   -- counts up when they leave, so that older links die
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT,
  unsubscribed_at BIGINT,
  paused_until BIGINT,
  consent_head TEXT NOT NULL DEFAULT ''  -- hash of their newest consent record
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
CREATE INDEX subscribers_name ON subscribers (lower(name)) WHERE name <> '';
CREATE INDEX subscribers_pending ON subscribers (created_at) WHERE status = 'pending';
CREATE INDEX subscribers_status ON subscribers (status, id);

CREATE TABLE suppressions (
  key TEXT PRIMARY KEY,               -- keyed hash of the address: nobody can be read out of it
  reason TEXT NOT NULL CHECK (reason IN ('not_me', 'erased', 'bounced', 'complained', 'owner')),
  created_at BIGINT NOT NULL,
  expires_at BIGINT
);
CREATE INDEX suppressions_expiring ON suppressions (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE tags (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  public INTEGER NOT NULL DEFAULT 0 CHECK (public IN (0, 1))  -- a topic people may choose themselves
);

CREATE TABLE threads (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,           -- canonical, of an allowed origin
  title TEXT NOT NULL DEFAULT '',
  closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
  shown INTEGER NOT NULL DEFAULT 0,   -- comments that the public sees
  version BIGINT NOT NULL DEFAULT 0,  -- counts up with each change of what the public sees
  created_at BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (     -- nobody's address is in it: its body is made when it is sent
  id INTEGER PRIMARY KEY,
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
CREATE INDEX webhook_deliveries_at ON webhook_deliveries (at) WHERE state <> 'queued';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (webhook_id, state, not_before, id);
CREATE INDEX webhook_deliveries_subscriber ON webhook_deliveries (subscriber_id) WHERE subscriber_id IS NOT NULL;

CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY,
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

CREATE TABLE wordings (
  id INTEGER PRIMARY KEY,
  form_id BIGINT NOT NULL REFERENCES forms (id),
  number INTEGER NOT NULL,
  text TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (form_id, number)
);

CREATE TABLE workers (
  id INTEGER PRIMARY KEY,
  seen_at BIGINT NOT NULL             -- one that was not seen for 30 s is dead; what it held is in doubt
);
