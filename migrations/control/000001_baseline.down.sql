DROP TABLE control.tenants;
