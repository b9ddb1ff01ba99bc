-- The sending domain, and when the first broadcast left from it: a new one begins with few mails a day.
ALTER TABLE send_limits ADD COLUMN domain TEXT NOT NULL DEFAULT '';
ALTER TABLE send_limits ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0; -- ms; 0: none has left yet
