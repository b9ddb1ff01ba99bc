-- The desk lists people by tag, and finds them by how a name begins; addresses have an index of their own.

CREATE INDEX subscriber_tags_people ON subscriber_tags (tag_id, subscriber_id);
CREATE INDEX subscribers_name ON subscribers (lower(name)) WHERE name <> '';
