-- Keys of people and machines that administer the installation. The key itself is shown once, when it is made; 256 random
-- bits need no slow hash.
CREATE TABLE control.admin_keys (
    id           uuid PRIMARY KEY,
    name         text NOT NULL CONSTRAINT admin_keys_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    hash         bytea NOT NULL CONSTRAINT admin_keys_hash_unique UNIQUE CHECK (length(hash) = 32),
    scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz, -- to the minute
    revoked_at   timestamptz,
    revoked_by   text
);

-- Tokens that are refused before their time, until they would have ended by themselves.
CREATE TABLE control.revoked_tokens (
    jti        text PRIMARY KEY CHECK (length(jti) BETWEEN 1 AND 255),
    revoked_at timestamptz NOT NULL,
    revoked_by text NOT NULL,
    forget_at  timestamptz NOT NULL
);
