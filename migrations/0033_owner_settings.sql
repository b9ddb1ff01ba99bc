-- What an owner sets at the desk, beside the settings of the machine.

CREATE TABLE owner_settings (
  name TEXT PRIMARY KEY,              -- as the setting is called, or `archive_about`
  value TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
