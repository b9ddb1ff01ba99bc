-- Signing in by a passkey, and what such a device is asked to sign.

CREATE TABLE passkeys (
  id BIGINT PRIMARY KEY,
  owner_id BIGINT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  credential TEXT NOT NULL UNIQUE,    -- its id, in base64url
  public_key TEXT NOT NULL,           -- COSE, in base64url
  counter BIGINT NOT NULL,            -- of its signatures; 0 where it counts none
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX passkeys_owner ON passkeys (owner_id);

CREATE TABLE passkey_challenges (     -- each is taken once: its row goes
  challenge TEXT PRIMARY KEY,         -- in base64url
  owner_id BIGINT REFERENCES owners (id) ON DELETE CASCADE,  -- who adds one; NULL: somebody signs in
  expires_at BIGINT NOT NULL
);
