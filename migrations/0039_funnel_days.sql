-- What became of a form's sign-ups of a day, counted once an hour: the desk's first page would else look at each
-- sign-up of thirty days. Those since `until` are looked at by the page itself.

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
INSERT INTO funnels_kept (until, at) VALUES (0, 0);
