DROP TABLE control.audit;
DROP TABLE control.settings_history;
DROP TABLE control.settings;
DROP TABLE control.tenants;
