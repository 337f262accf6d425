-- The queue file, schema version 2. Times are wall-clock milliseconds since 1970 (UTC).
CREATE TABLE job (
    -- Order of arrival; never used again, so that (seq, claim) names one delivery for ever.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The job's id; NULL for messages that other programs put here.
    id TEXT UNIQUE,
    body BLOB NOT NULL,
    -- 0 ready, 1 leased, 2 delayed, 3 buried.
    state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
    -- How many times it has been handed out.
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Raised whenever earlier receipts stop being good.
    claim INTEGER NOT NULL DEFAULT 0,
    -- Leased or delayed: when that was written, and when it is over.
    since INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    -- Leased: which process has it.
    owner TEXT,
    -- Buried: what kind of trouble it was, and the whole story.
    class TEXT,
    reason TEXT
) STRICT;

-- Serves "the oldest ready ones" (entries of one state lie in the order of seq) and counting.
CREATE INDEX job_state ON job (state);
-- Few rows have a time; these keep the questions about it cheap.
CREATE INDEX job_due ON job (due) WHERE state IN (1, 2);
CREATE INDEX job_since ON job (since) WHERE state IN (1, 2);
