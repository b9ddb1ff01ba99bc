-- Who may come to the desk, by which link, in which browsers.

CREATE TABLE owners (
  id BIGINT PRIMARY KEY,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);

CREATE TABLE sign_in_links (
  id BIGINT PRIMARY KEY,              -- the link itself is signed when its mail is rendered, and kept nowhere
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);

CREATE TABLE sessions (
  id BIGINT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,          -- of the secret in the cookie
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  browser TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_owner ON sessions (owner_id);
