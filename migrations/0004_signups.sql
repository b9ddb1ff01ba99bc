-- Each accepted request to join, and the proofs of work that were spent on them.

CREATE TABLE signups (
  id BIGINT PRIMARY KEY,
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
);
CREATE INDEX signups_subscriber ON signups (subscriber_id);
CREATE INDEX signups_waiting ON signups (at) WHERE confirmed_at IS NULL;

CREATE TABLE spent_proofs (
  nonce TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX spent_proofs_expiry ON spent_proofs (expires_at);
