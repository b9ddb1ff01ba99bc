-- Whose pages may have a form, where that isn't what the settings say for all of them.

ALTER TABLE forms ADD COLUMN allowed_origins TEXT NOT NULL DEFAULT '[]';  -- JSON; empty: those of the settings
