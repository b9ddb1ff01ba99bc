-- Several people come to the desk, each as what they are: owner, editor, moderator.

ALTER TABLE owners ADD COLUMN role TEXT NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'editor', 'moderator'));
ALTER TABLE owners ADD COLUMN joined_at BIGINT;   -- NULL: invited, and not yet here

UPDATE owners SET joined_at = created_at;
