CREATE TABLE oauth_clients (client_id text PRIMARY KEY, registration jsonb NOT NULL);

-- Tells all nodes which row has changed.
CREATE FUNCTION oauth_client_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM pg_notify('oauth_clients', OLD.client_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM pg_notify('oauth_clients', NEW.client_id); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER oauth_client_changed AFTER INSERT OR UPDATE OR DELETE ON oauth_clients
    FOR EACH ROW EXECUTE FUNCTION oauth_client_changed();
