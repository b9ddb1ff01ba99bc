-- Whether a form takes anybody, and its own colours.

ALTER TABLE forms ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
ALTER TABLE forms ADD COLUMN accent TEXT NOT NULL DEFAULT '';      -- "#rrggbb"; empty: ours
ALTER TABLE forms ADD COLUMN background TEXT NOT NULL DEFAULT '';
