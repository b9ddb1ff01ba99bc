-- What is forgotten is found by its age: every round read all that waits, and for what nobody can confirm all comments.
CREATE INDEX comments_old_unverified ON comments (coalesce(decided_at, created_at)) WHERE status = 'unverified';
CREATE INDEX comments_old_spam ON comments (coalesce(decided_at, created_at)) WHERE status = 'spam';
CREATE INDEX comments_old_nobodys ON comments (coalesce(decided_at, created_at))
  WHERE status = 'pending' AND commenter_id IS NULL AND by_owner = 0 AND coalesce(source, '') = '';

-- With the status in it a thread's branches are counted and put in order in the index alone.
DROP INDEX comments_shown;
CREATE INDEX comments_shown ON comments (thread_id, path, status) WHERE status IN ('approved', 'deleted');
