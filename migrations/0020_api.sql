-- Programs: their tokens, and what they were answered.

CREATE TABLE api_tokens (
  id BIGINT PRIMARY KEY,
  prefix TEXT NOT NULL UNIQUE,        -- shown, so that its owner knows which it is; it opens nothing
  hash TEXT NOT NULL UNIQUE,          -- keyed, of the whole token, which is kept nowhere
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,               -- with spaces between them
  created_at BIGINT NOT NULL,
  used_at BIGINT,                     -- to the hour
  expires_at BIGINT
);

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
