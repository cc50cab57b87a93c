CREATE TABLE oauth_clients (client_id text PRIMARY KEY, registration jsonb NOT NULL);

-- Tells all nodes which row has changed.
CREATE FUNCTION oauth_client_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('oauth_clients', coalesce(NEW.client_id, OLD.client_id));
    RETURN NULL;
END $$;

CREATE TRIGGER oauth_client_changed AFTER INSERT OR UPDATE OR DELETE ON oauth_clients
    FOR EACH ROW EXECUTE FUNCTION oauth_client_changed();
