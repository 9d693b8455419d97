-- The first schema. A file in this directory is applied once, in order, and never edited after its release.

-- What is known of a task. While it is not done, its changing part (state, starts, owner) stands in `message`, a narrow
-- row, so that a claim rewrites neither the body nor the indexes of this table.
CREATE TABLE result (
    key INTEGER PRIMARY KEY,            -- order of submission; the message's key too
    id BLOB NOT NULL,                   -- the 16 bytes of the UUID
    name TEXT,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    parent_id BLOB,
    created REAL NOT NULL,              -- times are POSIX seconds by the engine's clock, never by SQL's
    kwargs_repr TEXT,
    ttl REAL NOT NULL,                  -- seconds to keep it after an end that brings no time to live of its own
    own_ttl REAL,                       -- set by set_ttl() before the end; overrules what the end brings
    state TEXT,                         -- from here on: NULL until the task is done
    number_of_starts INTEGER,
    number_of_stops INTEGER,
    number_of_retries INTEGER,
    started REAL,
    finished REAL,
    node_id TEXT,
    expires REAL,
    value_expires REAL,
    sweep REAL,                         -- when the next of the two is to be cleared away
    encoding TEXT,
    body BLOB,                          -- the request; NULL once it has succeeded
    value BLOB
);
CREATE UNIQUE INDEX result_id ON result (id);
CREATE INDEX result_parent ON result (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX result_sweep ON result (sweep) WHERE sweep IS NOT NULL;

-- One row for each task that is not done.
CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    position REAL NOT NULL,             -- order among equals; grows with each return to the queue
    due REAL,                           -- NULL once it may start
    owner INTEGER,                      -- the process that runs it
    state TEXT NOT NULL DEFAULT 'PENDING',
    number_of_starts INTEGER NOT NULL DEFAULT 0,
    number_of_stops INTEGER NOT NULL DEFAULT 0,
    number_of_retries INTEGER NOT NULL DEFAULT 0,
    started REAL,
    node_id TEXT
);
CREATE INDEX message_ready ON message (queue, priority DESC, position) WHERE owner IS NULL AND due IS NULL;
CREATE INDEX message_due ON message (due, queue) WHERE due IS NOT NULL;
CREATE INDEX message_owner ON message (owner) WHERE owner IS NOT NULL;

CREATE TABLE metadata (
    key INTEGER NOT NULL,               -- of the result
    name TEXT NOT NULL,
    value BLOB NOT NULL,                -- JSON
    PRIMARY KEY (key, name)
) WITHOUT ROWID;

CREATE TABLE state (
    task BLOB NOT NULL,                 -- its id
    name TEXT NOT NULL,
    value BLOB NOT NULL,                -- JSON
    PRIMARY KEY (task, name)
) WITHOUT ROWID;

-- Processes that consume or wait. A row stands for a process that lives as long as its owner file is locked.
CREATE TABLE process (
    owner INTEGER PRIMARY KEY,          -- a random number; in hexadecimal the name of the owner file
    pid INTEGER NOT NULL,               -- for people; a number that means nothing in another container
    node_id TEXT NOT NULL,
    ready TEXT,                         -- socket to ring when messages are ready; NULL: does not consume
    finished TEXT,                      -- socket to ring when tasks are done; NULL: does not wait
    ended TEXT                          -- socket to ring when tasks that it runs were revoked; NULL: does not consume
);

-- Tasks that were revoked while a process ran them, until it has taken note.
CREATE TABLE notice (
    owner INTEGER NOT NULL,
    task BLOB NOT NULL,
    PRIMARY KEY (owner, task)
) WITHOUT ROWID;

-- Messages that no worker could bring to a good end, until they are replayed or dropped; the result may expire before.
CREATE TABLE dead (
    key INTEGER PRIMARY KEY,            -- order of burial
    id BLOB NOT NULL UNIQUE,
    name TEXT,
    queue TEXT NOT NULL,
    reason TEXT NOT NULL,
    buried REAL NOT NULL,
    body BLOB NOT NULL
);

CREATE VIEW record AS
SELECT
    r.key, r.id, r.name, coalesce(r.state, m.state) AS state,
    coalesce(r.number_of_starts, m.number_of_starts) AS number_of_starts,
    coalesce(r.number_of_stops, m.number_of_stops) AS number_of_stops,
    coalesce(r.number_of_retries, m.number_of_retries) AS number_of_retries,
    r.parent_id, r.created, coalesce(r.started, m.started) AS started, r.finished,
    coalesce(r.node_id, m.node_id) AS node_id, r.kwargs_repr, r.queue, r.priority, m.due, r.expires
FROM result AS r LEFT JOIN message AS m ON m.key = r.key;
