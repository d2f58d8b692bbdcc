// The tables of the SQLite file, as the steps that lead to them. A step that was ever released is never edited: a change is a new step at the end.

/** Marks a SQLite file as ours: `RING` in ASCII. */
export const applicationId = 0x52494e47

/** Step n brings a file from version n - 1 to version n. `gone_at` is when a row stops existing, in milliseconds since 1970; NULL is never. */
export const schema = [
  `
  CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    gone_at INTEGER,
    PRIMARY KEY (kind, id)
  ) STRICT;
  CREATE INDEX records_gone ON records (gone_at) WHERE gone_at IS NOT NULL;

  CREATE TABLE artifacts (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    gone_at INTEGER
  ) STRICT;
  CREATE INDEX artifacts_gone ON artifacts (gone_at) WHERE gone_at IS NOT NULL;

  CREATE TABLE artifact_index (
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    gone_at INTEGER,
    PRIMARY KEY (name, key)
  ) STRICT;
  CREATE INDEX artifact_index_gone ON artifact_index (gone_at) WHERE gone_at IS NOT NULL;
  `,
]
