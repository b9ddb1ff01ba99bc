-- What is given (magnets, with versions that never change) and the forms that offer it.

CREATE TABLE magnets (
  id BIGINT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  attach INTEGER NOT NULL DEFAULT 0 CHECK (attach IN (0, 1)),  -- the file rides in the mail beside its link
  created_at BIGINT NOT NULL
);

CREATE TABLE magnet_versions (
  id BIGINT PRIMARY KEY,
  magnet_id BIGINT NOT NULL REFERENCES magnets (id),
  number INTEGER NOT NULL,
  file_id BIGINT NOT NULL REFERENCES files (id),
  notes TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  UNIQUE (magnet_id, number)
);

CREATE TABLE downloads (
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  version_id BIGINT NOT NULL REFERENCES magnet_versions (id),
  at BIGINT NOT NULL,
  automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),  -- looks like a scanner's
  PRIMARY KEY (subscriber_id, version_id)
);

CREATE TABLE forms (
  id BIGINT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  intro TEXT NOT NULL DEFAULT '',
  button TEXT NOT NULL,
  fields TEXT NOT NULL DEFAULT '[]',  -- JSON: name, label, required, help of each field beside email
  tags TEXT NOT NULL DEFAULT '[]',    -- JSON: tag names given on confirmation
  thanks_url TEXT NOT NULL DEFAULT '',-- on an allowed origin; empty: our own page
  wording_id BIGINT NOT NULL,         -- what people agree to now
  created_at BIGINT NOT NULL
);

CREATE TABLE wordings (
  id BIGINT PRIMARY KEY,
  form_id BIGINT NOT NULL REFERENCES forms (id),
  number INTEGER NOT NULL,
  text TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (form_id, number)
);

CREATE TABLE form_magnets (
  form_id BIGINT NOT NULL REFERENCES forms (id),
  magnet_id BIGINT NOT NULL REFERENCES magnets (id),
  position INTEGER NOT NULL,
  PRIMARY KEY (form_id, magnet_id)
);
