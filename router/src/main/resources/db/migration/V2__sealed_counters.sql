-- How often each of a node's sealed files was written, and the SHA-256 of the newest: a file that was
-- set back does not fit its count. Counters only go up and are never removed; a restored backup of
-- this table refuses the files that are newer than it by more than one version.

CREATE TABLE sealed_counters (
  node text NOT NULL CHECK (octet_length(node) BETWEEN 1 AND 255),
  name text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 128),
  value bigint NOT NULL CHECK (value > 0),
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  PRIMARY KEY (node, name)
);

CREATE FUNCTION refuse_lower_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'counters of sealed files only go up'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER only_up BEFORE UPDATE ON sealed_counters
  FOR EACH ROW WHEN (NEW.value <= OLD.value OR NEW.node <> OLD.node OR NEW.name <> OLD.name)
  EXECUTE FUNCTION refuse_lower_count();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON sealed_counters
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_lower_count();
