-- The ledger: who has how much, what is leased to which router, what was used.
--
-- Deposits and usage are append-only. Balances follow from them by triggers and cannot be written
-- otherwise, so that for every account, always:
--     sum(deposits) = balance + sum(cost of usage)
-- and a router can charge only credit that it has leased:
--     sum(leases) = leased <= balance
-- audit() lists the accounts of which that is not true.
--
-- Lock order everywhere: rows of accounts by ascending id, then rows of leases by account id.

CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (octet_length(name) BETWEEN 1 AND 255),
  balance_nanoton bigint NOT NULL DEFAULT 0 CHECK (balance_nanoton >= 0),
  leased_nanoton bigint NOT NULL DEFAULT 0
    CHECK (leased_nanoton >= 0 AND leased_nanoton <= balance_nanoton),
  created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
  hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- SHA-256 of the key, never the key
  account_id bigint NOT NULL REFERENCES accounts,
  created timestamptz NOT NULL DEFAULT now(),
  revoked timestamptz
);

-- Credit that a router may spend from an account's balance without asking: the durable side of all
-- its holds. `version` grows with every change of a row, so that a router applies answers in the
-- order in which the database gave them.
CREATE SEQUENCE lease_version;
CREATE TABLE leases (
  router_id text NOT NULL CHECK (octet_length(router_id) BETWEEN 1 AND 255),
  account_id bigint NOT NULL REFERENCES accounts,
  amount_nanoton bigint NOT NULL CHECK (amount_nanoton >= 0),
  version bigint NOT NULL,
  PRIMARY KEY (router_id, account_id)
);

CREATE TABLE deposits (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  reference text NOT NULL UNIQUE CHECK (octet_length(reference) BETWEEN 1 AND 255),
  amount_nanoton bigint NOT NULL CHECK (amount_nanoton > 0),
  made_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE usage (
  request_id uuid PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  router_id text NOT NULL,
  model text NOT NULL,
  prompt_tokens bigint NOT NULL CHECK (prompt_tokens >= 0),
  completion_tokens bigint NOT NULL CHECK (completion_tokens >= 0),
  cost_nanoton bigint NOT NULL CHECK (cost_nanoton >= 0),
  worker text NOT NULL,
  receipt bytea NOT NULL,
  charged_at timestamptz NOT NULL
);
CREATE INDEX usage_by_account ON usage (account_id, charged_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposits
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON usage
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Balances change only beneath a deposit or a charge: at trigger depth 1 it is somebody's own UPDATE.
CREATE FUNCTION refuse_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'balances follow from deposits and usage; insert one of these'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER balance_follows BEFORE UPDATE OF balance_nanoton ON accounts
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_balance();
CREATE TRIGGER balance_starts_empty BEFORE INSERT ON accounts
  FOR EACH ROW WHEN (NEW.balance_nanoton <> 0 OR NEW.leased_nanoton <> 0)
  EXECUTE FUNCTION refuse_balance();

CREATE FUNCTION book_deposits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts a SET balance_nanoton = a.balance_nanoton + s.amount
    FROM (SELECT account_id, sum(amount_nanoton)::bigint AS amount FROM added GROUP BY 1) s
    WHERE a.id = s.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER book AFTER INSERT ON deposits REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION book_deposits();

-- What was charged leaves the balance and the lease of the router that charged it.
CREATE FUNCTION book_usage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint;
  booked bigint;
BEGIN
  UPDATE accounts a SET
      balance_nanoton = a.balance_nanoton - s.cost,
      leased_nanoton = a.leased_nanoton - s.cost
    FROM (SELECT account_id, sum(cost_nanoton)::bigint AS cost FROM added GROUP BY 1) s
    WHERE a.id = s.account_id;
  UPDATE leases l SET
      amount_nanoton = l.amount_nanoton - s.cost,
      version = nextval('lease_version')
    FROM (SELECT router_id, account_id, sum(cost_nanoton)::bigint AS cost
          FROM added WHERE cost_nanoton > 0 GROUP BY 1, 2) s
    WHERE l.router_id = s.router_id AND l.account_id = s.account_id;
  GET DIAGNOSTICS booked = ROW_COUNT;
  SELECT count(*) INTO wanted
    FROM (SELECT DISTINCT router_id, account_id FROM added WHERE cost_nanoton > 0) d;
  IF booked <> wanted THEN
    RAISE EXCEPTION 'a charge without leased credit'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER book AFTER INSERT ON usage REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION book_usage();

-- Charges a batch: one statement, hence one transaction. A request id that is there already is left
-- alone, whoever charged it, and its stored receipt and account are returned with it; `stored` is
-- null where the receipt given is the one that counts.
--
-- The locks are taken in a statement of their own, in order: with FOR UPDATE inside the INSERT's
-- statement two writers lose updates (its snapshot is older than the lock), and without it they
-- deadlock. Each statement of a volatile function sees what was committed before that statement.
CREATE FUNCTION charge(
  router text, requests uuid[], account_ids bigint[], models text[], prompts bigint[],
  completions bigint[], costs bigint[], workers text[], receipts bytea[], charged timestamptz[])
RETURNS TABLE (request uuid, holder bigint, stored bytea, lease bigint, lease_version bigint)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM accounts a WHERE a.id = ANY (account_ids) ORDER BY a.id FOR NO KEY UPDATE;
  INSERT INTO usage
    SELECT r, a, router, m, p, c, n, w, s, t
    FROM unnest(requests, account_ids, models, prompts, completions, costs, workers, receipts,
                charged) AS u (r, a, m, p, c, n, w, s, t)
    ON CONFLICT (request_id) DO NOTHING;
  RETURN QUERY
    SELECT u.r, b.account_id, CASE WHEN b.receipt = u.s THEN NULL ELSE b.receipt END,
           coalesce(l.amount_nanoton, 0), coalesce(l.version, 0)
    FROM unnest(requests, account_ids, receipts) AS u (r, a, s)
    JOIN usage b ON b.request_id = u.r
    LEFT JOIN leases l ON l.router_id = router AND l.account_id = u.a;
END $$;

-- Leases as much of `wanted` as the balance still has. `left_over` is what the balance could still
-- lend after that, to anyone.
CREATE FUNCTION lease_credit(router text, account bigint, wanted bigint)
RETURNS TABLE (lease bigint, lease_version bigint, left_over bigint)
LANGUAGE plpgsql AS $$
DECLARE
  spare bigint;
  granted bigint;
BEGIN
  SELECT a.balance_nanoton - a.leased_nanoton INTO STRICT spare
    FROM accounts a WHERE a.id = account FOR NO KEY UPDATE;
  granted := least(wanted, spare);
  UPDATE accounts a SET leased_nanoton = a.leased_nanoton + granted WHERE a.id = account;
  RETURN QUERY
    INSERT INTO leases AS l VALUES (router, account, granted, nextval('lease_version'))
    ON CONFLICT (router_id, account_id) DO UPDATE
      SET amount_nanoton = l.amount_nanoton + granted, version = excluded.version
    RETURNING l.amount_nanoton, l.version, spare - granted;
END $$;

-- Gives back what a router has leased: of one account, or of all (null).
CREATE FUNCTION return_credit(router text, account bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM accounts a
    WHERE a.id IN (SELECT l.account_id FROM leases l WHERE l.router_id = router
                   AND (account IS NULL OR l.account_id = account))
    ORDER BY a.id FOR NO KEY UPDATE;
  WITH returned AS (
    DELETE FROM leases l
    WHERE l.router_id = router AND (account IS NULL OR l.account_id = account)
    RETURNING l.account_id, l.amount_nanoton)
  UPDATE accounts a SET leased_nanoton = a.leased_nanoton - r.amount_nanoton
    FROM returned r WHERE a.id = r.account_id;
END $$;

-- The accounts whose books do not agree; none, if the rules above hold.
CREATE FUNCTION audit()
RETURNS TABLE (account bigint, deposited numeric, balance bigint, used numeric, leased bigint,
               leases_sum numeric)
LANGUAGE sql STABLE AS $$
  SELECT a.id, coalesce(d.amount, 0), a.balance_nanoton, coalesce(u.cost, 0), a.leased_nanoton,
         coalesce(l.amount, 0)
  FROM accounts a
  LEFT JOIN (SELECT account_id, sum(amount_nanoton) AS amount FROM deposits GROUP BY 1) d
    ON d.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(cost_nanoton) AS cost FROM usage GROUP BY 1) u
    ON u.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(amount_nanoton) AS amount FROM leases GROUP BY 1) l
    ON l.account_id = a.id
  WHERE coalesce(d.amount, 0) <> a.balance_nanoton + coalesce(u.cost, 0)
     OR coalesce(l.amount, 0) <> a.leased_nanoton
$$;
