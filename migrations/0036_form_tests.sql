-- Two variants of a form's texts, tried at the same time, and which of them a sign-up came through.

CREATE TABLE form_tests (
  id BIGINT PRIMARY KEY,
  form_id BIGINT NOT NULL REFERENCES forms (id),
  variants TEXT NOT NULL,             -- JSON: title, intro and button of A, then of B
  began_at BIGINT NOT NULL,
  ended_at BIGINT,
  chosen TEXT CHECK (chosen IN ('a', 'b'))
);
CREATE INDEX form_tests_form ON form_tests (form_id);

ALTER TABLE forms ADD COLUMN test_id BIGINT;              -- the one under way
ALTER TABLE signups ADD COLUMN variant TEXT NOT NULL DEFAULT '';  -- the test's id, and a or b
CREATE INDEX signups_variant ON signups (variant) WHERE variant <> '';
