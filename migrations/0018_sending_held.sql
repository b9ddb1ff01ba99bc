-- Nothing at all leaves while it is held: after a backup was restored, until the owner says so.

ALTER TABLE send_limits ADD COLUMN held_at BIGINT NOT NULL DEFAULT 0;  -- 0: it is not held
ALTER TABLE send_limits ADD COLUMN held_why TEXT NOT NULL DEFAULT '';
