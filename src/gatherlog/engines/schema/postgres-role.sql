-- What a role needs that uses a store which another role has made. It may not change the schema, nor
-- delete events, nor change more of them than what they say, which expiry and erasing empty. The name
-- `role_name` stands for the role.
GRANT USAGE ON SCHEMA schema_name TO role_name;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA schema_name TO role_name;  -- not everybody's everywhere
GRANT SELECT ON gatherlog.store TO role_name;
GRANT SELECT, INSERT, UPDATE (data, meta) ON gatherlog.event TO role_name;
GRANT USAGE ON SEQUENCE gatherlog.event_position TO role_name;
GRANT SELECT, INSERT, UPDATE ON gatherlog.stream, gatherlog.tally, gatherlog.view TO role_name;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON gatherlog.document, gatherlog.index_row, gatherlog.idempotency, gatherlog.outcome
    TO role_name;
