DROP TABLE control.revoked_tokens;
DROP TABLE control.admin_keys;
