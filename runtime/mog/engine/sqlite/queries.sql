-- Every statement of the engine, by name. `:name` parameters are given as mappings, `?` as tuples, by position.
-- Those that run once an item use `?`, which costs less.

-- name: newest_key
SELECT coalesce(max(key), 0) FROM result;

-- name: add_result
INSERT INTO result (key, id, name, queue, priority, parent_id, created, kwargs_repr, ttl, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING;

-- name: add_message
INSERT INTO message (key, queue, priority, position, due) VALUES (?, ?, ?, ?, ?);

-- name: key_and_expiry
SELECT key, expires FROM result WHERE id = ?;

-- name: promote
UPDATE message SET due = NULL, position = due WHERE due <= ?;

-- name: next_due
SELECT min(due) FROM message WHERE due IS NOT NULL;

-- name: before_claim
SELECT min(due), EXISTS (SELECT 1 FROM process WHERE owner = ?) FROM message WHERE due IS NOT NULL;

-- name: any_ready
SELECT 1 FROM message WHERE queue = ? AND owner IS NULL AND due IS NULL LIMIT 1;

-- name: rank_ready
SELECT priority, position, key FROM message WHERE queue = ? AND owner IS NULL AND due IS NULL
ORDER BY priority DESC, position, key LIMIT ?;

-- The cross join makes the queue's index the outer loop. `claim` takes the same rows in the same order.
-- name: read_ready
SELECT r.id, m.queue, m.priority, r.body, m.number_of_starts, m.number_of_stops, m.number_of_retries, r.created,
    r.parent_id
FROM message AS m CROSS JOIN result AS r ON r.key = m.key
WHERE m.queue = ? AND m.owner IS NULL AND m.due IS NULL
ORDER BY m.priority DESC, m.position, m.key LIMIT ?;

-- name: claim
UPDATE message SET owner = ?, state = 'RUNNING', number_of_starts = number_of_starts + 1, started = ?, node_id = ?
WHERE key IN (
    SELECT key FROM message WHERE queue = ? AND owner IS NULL AND due IS NULL
    ORDER BY priority DESC, position, key LIMIT ?
);

-- An attempt is its task's while a process owns the message, when SUSPENDED means that it waits for others; and, after
-- a crash, until another attempt begins.
-- name: running_attempt
SELECT m.key, m.number_of_starts, m.number_of_stops, m.number_of_retries, m.started, m.node_id, r.own_ttl, m.owner,
    EXISTS (SELECT 1 FROM state WHERE task = r.id)
FROM result AS r CROSS JOIN message AS m ON m.key = r.key
WHERE r.id = ? AND m.number_of_starts = ? AND (m.owner IS NOT NULL OR m.state = 'RUNNING');

-- name: finish
UPDATE result SET
    state = ?, number_of_starts = ?, number_of_stops = ?, number_of_retries = ?, started = ?, finished = ?, node_id = ?,
    expires = ?, value_expires = ?, sweep = ?, value = ?, encoding = ?, body = iif(?, body, NULL)
WHERE key = ?;

-- name: set_waiting
UPDATE message SET state = ? WHERE key = ?;

-- The task as it is before it is revoked, with what revoking needs to know of it.
-- name: to_revoke
SELECT r.key, r.state, m.number_of_starts, m.number_of_stops, m.number_of_retries, m.started, m.node_id, r.own_ttl,
    m.owner, r.expires
FROM result AS r LEFT JOIN message AS m ON m.key = r.key WHERE r.id = ?;

-- name: overrule
UPDATE result SET state = 'REVOKED', number_of_stops = number_of_stops + 1 WHERE key = ?;

-- name: add_ended
INSERT INTO result (key, id, queue, priority, created, ttl, state, number_of_starts, number_of_stops, number_of_retries,
    finished, expires, value_expires, sweep, value, encoding)
SELECT coalesce(max(key), 0) + 1, :id, '', 5, :now, :ttl, :state, 0, 1, 0,
    :now, :now + :ttl, :now + :value_ttl, :now + :value_ttl, :value, :encoding
FROM result;

-- name: children
SELECT id FROM result WHERE parent_id = ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?;

-- name: add_notice
INSERT OR IGNORE INTO notice (owner, task) VALUES (?, ?);

-- Without those that were submitted again meanwhile and run there once more: what a bell told in time is over.
-- name: notices
SELECT task FROM notice AS n WHERE owner = ? AND NOT EXISTS (
    SELECT 1 FROM result AS r CROSS JOIN message AS m ON m.key = r.key WHERE r.id = n.task AND m.owner = n.owner
);

-- name: drop_notice
DELETE FROM notice WHERE owner = ? AND task = ?;

-- name: drop_notices
DELETE FROM notice WHERE owner = ?;

-- name: bury
INSERT OR REPLACE INTO dead (id, name, queue, reason, buried, body)
SELECT id, name, queue, ?, ?, body FROM result WHERE key = ?;

-- name: find_dead
SELECT id, name, queue, reason, buried, body FROM dead
WHERE (:below IS NULL OR key < :below)
    AND (:ids IS NULL OR hex(id) IN (SELECT value FROM json_each(:ids)))
    AND (:queue IS NULL OR queue = :queue) AND (:reason IS NULL OR reason = :reason)
ORDER BY key DESC LIMIT :limit;

-- name: key_of_dead
SELECT key FROM dead WHERE id = ?;

-- name: drop_dead
DELETE FROM dead WHERE id = ?;

-- name: running_by_node
SELECT p.owner, p.node_id, r.id
FROM process AS p LEFT JOIN message AS m ON m.owner = p.owner LEFT JOIN result AS r ON r.key = m.key
WHERE p.ready IS NOT NULL ORDER BY p.node_id, p.owner, r.key;

-- name: drop_message
DELETE FROM message WHERE key = ?;

-- name: drop_state
DELETE FROM state WHERE task = ?;

-- name: put_back
UPDATE message SET
    owner = NULL, due = ?, position = ?, state = ?, number_of_starts = ?, number_of_stops = ?, number_of_retries = ?,
    started = ?, node_id = ?
WHERE key = ?;

-- name: waiting_in_queue
SELECT m.key, r.id, m.number_of_starts, m.number_of_stops, m.number_of_retries, m.started, m.node_id,
    coalesce(r.own_ttl, r.ttl)
FROM message AS m CROSS JOIN result AS r ON r.key = m.key
WHERE m.queue = :queue AND m.owner IS NULL AND m.due IS NULL
UNION ALL
SELECT m.key, r.id, m.number_of_starts, m.number_of_stops, m.number_of_retries, m.started, m.node_id,
    coalesce(r.own_ttl, r.ttl)
FROM message AS m INDEXED BY message_due CROSS JOIN result AS r ON r.key = m.key
WHERE m.due IS NOT NULL AND m.queue = :queue
LIMIT :limit;

-- name: count_ready
SELECT count(*) FROM message WHERE queue = ? AND owner IS NULL AND due IS NULL;

-- name: count_due
SELECT count(*) FROM message WHERE due <= ? AND queue = ?;

-- name: count_delayed
SELECT count(*) FROM message WHERE due > ? AND queue = ?;

-- name: count_running
SELECT queue, count(*) FROM message WHERE owner IS NOT NULL GROUP BY queue;

-- name: get_record
SELECT id, name, state, number_of_starts, number_of_stops, parent_id, created, started, finished, node_id,
    kwargs_repr, queue, priority, due, expires, number_of_retries
FROM record WHERE id = ? AND (expires IS NULL OR expires > ?);

-- name: get_record_with_value
SELECT c.id, c.name, c.state, c.number_of_starts, c.number_of_stops, c.parent_id, c.created, c.started, c.finished,
    c.node_id, c.kwargs_repr, c.queue, c.priority, c.due, c.expires, c.number_of_retries,
    iif(v.value_expires > ?, v.value, NULL), v.encoding
FROM record AS c CROSS JOIN result AS v ON v.key = c.key
WHERE c.id = ? AND (c.expires IS NULL OR c.expires > ?);

-- name: find_records
SELECT id, name, state, number_of_starts, number_of_stops, parent_id, created, started, finished, node_id,
    kwargs_repr, queue, priority, due, expires, number_of_retries
FROM record
WHERE key < :below AND key >= :from AND (expires IS NULL OR expires > :now)
    AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
    AND (:name IS NULL OR name = :name)
    AND (:queue IS NULL OR queue = :queue)
ORDER BY key DESC LIMIT :limit;

-- name: get_value
SELECT value, encoding FROM result WHERE id = ? AND value IS NOT NULL AND value_expires > ?;

-- name: get_message
SELECT r.queue, r.priority, r.body, m.due
FROM result AS r LEFT JOIN message AS m ON m.key = r.key WHERE r.id = ? AND r.body IS NOT NULL;

-- name: get_metadata
SELECT m.name, m.value FROM result AS r CROSS JOIN metadata AS m ON m.key = r.key
WHERE r.id = ? AND (r.expires IS NULL OR r.expires > ?);

-- name: set_metadata
INSERT INTO metadata (key, name, value) SELECT key, ?, ? FROM result WHERE id = ? AND (expires IS NULL OR expires > ?)
ON CONFLICT (key, name) DO UPDATE SET value = excluded.value;

-- name: add_metadata
INSERT INTO metadata (key, name, value) VALUES (?, ?, ?);

-- name: set_ttl_of_done
UPDATE result SET expires = :expires, sweep = :expires, value_expires = :expires,
    value = iif(value_expires > :now, value, NULL)  -- what has expired does not come back, swept or not
WHERE id = :id AND expires > :now;

-- name: set_ttl_of_waiting
UPDATE result SET own_ttl = :ttl WHERE id = :id AND state IS NULL;

-- name: key_of_done
SELECT key FROM result WHERE id = ? AND expires > ?;

-- name: drop_result
DELETE FROM result WHERE key = ?;

-- name: drop_metadata
DELETE FROM metadata WHERE key = ?;

-- name: any_to_sweep
SELECT 1 FROM result WHERE sweep <= ? LIMIT 1;

-- name: to_sweep
SELECT key, id, expires FROM result WHERE sweep <= ? ORDER BY sweep LIMIT ?;

-- name: drop_value
UPDATE result SET value = NULL, encoding = NULL, sweep = expires WHERE key = ?;

-- name: not_done
SELECT id FROM result WHERE id = ? AND state IS NULL;

-- name: get_state
SELECT value FROM state WHERE task = ? AND name = ?;

-- A task that has ended keeps nothing: a run that does not know yet that it was revoked may still write.
-- name: set_state
INSERT INTO state (task, name, value)
SELECT id, ?, ? FROM result WHERE id = ? AND state IS NULL
ON CONFLICT (task, name) DO UPDATE SET value = excluded.value;

-- name: drop_state_value
DELETE FROM state WHERE task = ? AND name = ?;

-- name: add_process
INSERT INTO process (owner, pid, node_id, ready, finished, ended) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (owner) DO UPDATE SET ready = excluded.ready, finished = excluded.finished, ended = excluded.ended;

-- name: drop_process
DELETE FROM process WHERE owner = ?;

-- name: processes
SELECT owner, ready, finished, ended FROM process;

-- name: free_owned
UPDATE message SET owner = NULL WHERE owner = ?;

-- name: any_orphan
SELECT 1 FROM message WHERE owner IS NOT NULL AND owner NOT IN (SELECT owner FROM process) LIMIT 1;

-- name: free_orphans
UPDATE message SET owner = NULL WHERE owner IS NOT NULL AND owner NOT IN (SELECT owner FROM process);

-- name: hand_back_owned
UPDATE message SET owner = NULL, position = ?, state = 'SUSPENDED', number_of_stops = number_of_stops + 1
WHERE owner = ?;
