-- An owner's words for a form's mails, in versions, and which of them a sign-up was mailed with.

CREATE TABLE mail_texts (
  id BIGINT PRIMARY KEY,
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

ALTER TABLE forms ADD COLUMN confirmation_text_id BIGINT;  -- NULL: our own words
ALTER TABLE forms ADD COLUMN guide_text_id BIGINT;
ALTER TABLE signups ADD COLUMN mail_text_id BIGINT;
