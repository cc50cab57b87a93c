CREATE TABLE codes (digest bytea PRIMARY KEY, binding text NOT NULL, expires_at timestamptz NOT NULL);
