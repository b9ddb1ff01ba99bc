-- Which events of a provider were heard: the same again changes nothing.

CREATE TABLE bounce_events (
  key TEXT PRIMARY KEY,       -- keyed hash of the provider's own name for it
  at BIGINT NOT NULL
);
CREATE INDEX bounce_events_at ON bounce_events (at);

CREATE INDEX suppressions_expiring ON suppressions (expires_at) WHERE expires_at IS NOT NULL;
