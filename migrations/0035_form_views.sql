-- How often a form was shown, sent off, and its confirmation opened: a number for each form and day, and of nobody.

CREATE TABLE form_views (
  form_id BIGINT NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  day BIGINT NOT NULL,                  -- its first millisecond, UTC
  seen BIGINT NOT NULL DEFAULT 0,       -- on a page of ours or in a frame: a form in the author's HTML is not ours to see
  submitted BIGINT NOT NULL DEFAULT 0,
  opened BIGINT NOT NULL DEFAULT 0,     -- pages with the button that confirms; programs that look into mails open it, too
  PRIMARY KEY (form_id, day)
);
