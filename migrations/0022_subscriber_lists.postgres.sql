-- The desk lists people by tag, and finds them by how an address or a name begins, in whatever order words have here.

CREATE INDEX subscriber_tags_people ON subscriber_tags (tag_id, subscriber_id);
CREATE INDEX subscribers_name ON subscribers (lower(name) text_pattern_ops) WHERE name <> '';
CREATE INDEX subscribers_address ON subscribers (email_key text_pattern_ops);
