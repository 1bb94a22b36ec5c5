-- The books of settlement: who is paid for what was used, what left an account, which key paid, and
-- up to where each router's spool is applied.
--
--     sum(deposits) = balance + sum(cost of usage) + sum(withdrawals)              for each account
--     earned        = sum(cost - fee of its usage) + its refunds                   for each payee
--                     + sum(fee of all usage)                                      for payee 0
-- so that, once settlement is on, everything charged or refunded is somebody's earning.
--
-- Lock order everywhere: rows of accounts by ascending id, the lock of new payees, rows of leases by
-- account id, rows of payees by index.

-- Which database this is: a spool of another one is not applied to it.
CREATE TABLE ledger_identity (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO ledger_identity DEFAULT VALUES;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_identity
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- ------------------------------------------------------------------ keys

ALTER TABLE api_keys
  ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  ADD COLUMN name text NOT NULL DEFAULT '' CHECK (octet_length(name) <= 255);
CREATE INDEX api_keys_by_account ON api_keys (account_id);

-- ------------------------------------------------------------------ what comes in and goes out

ALTER TABLE deposits
  ADD COLUMN kind text NOT NULL DEFAULT 'operator'
    CHECK (kind IN ('operator', 'prepaid', 'channel'));
CREATE INDEX deposits_by_account ON deposits (account_id);

-- Whom settlement pays. The index is the leaf's in the tree of earnings: contiguous from 0, in the
-- order in which they first earned, for good. Payee 0 is the operator.
CREATE TABLE payees (
  index int PRIMARY KEY CHECK (index >= 0),
  address bytea NOT NULL UNIQUE CHECK (octet_length(address) = 32), -- hash, in the basechain
  kind text NOT NULL CHECK (kind IN ('operator', 'worker', 'client')),
  earned_nanoton bigint NOT NULL DEFAULT 0 CHECK (earned_nanoton >= 0),
  created timestamptz NOT NULL DEFAULT now(),
  CHECK ((index = 0) = (kind = 'operator'))
);

-- What left an account otherwise than by usage: a channel's owner withdrew ('channel'), or unused
-- prepaid credit went back to its owner, as a payee, through an epoch ('refund').
CREATE TABLE withdrawals (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  kind text NOT NULL CHECK (kind IN ('channel', 'refund')),
  reference text NOT NULL UNIQUE CHECK (octet_length(reference) BETWEEN 1 AND 255),
  amount_nanoton bigint NOT NULL CHECK (amount_nanoton > 0),
  payee_index int REFERENCES payees,
  made_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'refund') = (payee_index IS NOT NULL))
);
CREATE INDEX withdrawals_by_account ON withdrawals (account_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- ------------------------------------------------------------------ what was used

-- Null in rows from before: prices, coefficient and key were not stored then. Without settlement
-- nobody earns: payee_index is null and the fee 0.
ALTER TABLE usage
  ADD COLUMN key_id bigint,
  ADD COLUMN cached_prompt_tokens bigint NOT NULL DEFAULT 0
    CHECK (cached_prompt_tokens BETWEEN 0 AND prompt_tokens),
  ADD COLUMN reasoning_tokens bigint NOT NULL DEFAULT 0
    CHECK (reasoning_tokens BETWEEN 0 AND completion_tokens),
  ADD COLUMN prompt_price bigint CHECK (prompt_price >= 0),
  ADD COLUMN cached_prompt_price bigint CHECK (cached_prompt_price >= 0),
  ADD COLUMN completion_price bigint CHECK (completion_price >= 0),
  ADD COLUMN reasoning_price bigint CHECK (reasoning_price >= 0),
  ADD COLUMN coefficient int CHECK (coefficient >= 0),
  ADD COLUMN payee_index int,
  ADD COLUMN fee_nanoton bigint NOT NULL DEFAULT 0
    CHECK (fee_nanoton BETWEEN 0 AND cost_nanoton),
  ADD CHECK (payee_index IS NOT NULL OR fee_nanoton = 0);

-- Accounts and payees are never removed, and what is booked is checked in book_usage(), a statement
-- at a time: a foreign key's check of each row cost more than all the rest of a charge.
ALTER TABLE usage DROP CONSTRAINT usage_account_id_fkey;
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON accounts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON payees
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_renamed BEFORE UPDATE OF id ON accounts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_renamed BEFORE UPDATE OF index, address, kind ON payees
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- ------------------------------------------------------------------ payees follow

CREATE FUNCTION refuse_earning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'earnings follow from usage and refunds; insert one of these'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER earning_follows BEFORE UPDATE OF earned_nanoton ON payees
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_earning();
CREATE TRIGGER earning_starts_empty BEFORE INSERT ON payees
  FOR EACH ROW WHEN (NEW.earned_nanoton <> 0) EXECUTE FUNCTION refuse_earning();

CREATE FUNCTION next_payee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('cocoon-payees', 0));
  IF NEW.index <> (SELECT count(*) FROM payees) THEN
    RAISE EXCEPTION 'payees are numbered without a gap'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contiguous BEFORE INSERT ON payees FOR EACH ROW EXECUTE FUNCTION next_payee();

-- The index of a payee, made if it is missing. A payee is made by what it earns first: an address
-- that never earns has no leaf.
CREATE FUNCTION payee(payee_address bytea, payee_kind text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  found_index int;
BEGIN
  SELECT p.index INTO found_index FROM payees p WHERE p.address = payee_address;
  IF found_index IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('cocoon-payees', 0));
    INSERT INTO payees (index, address, kind)
      SELECT count(*), payee_address, payee_kind FROM payees
      ON CONFLICT (address) DO NOTHING;
    SELECT p.index INTO found_index FROM payees p WHERE p.address = payee_address;
  END IF;
  RETURN found_index;
END $$;

-- What rows of usage add up to: read once, however many rows there are.
CREATE TYPE usage_sum AS (
  account_id bigint, router_id text, payee_index int, cost bigint, fee bigint);

CREATE OR REPLACE FUNCTION book_usage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sums usage_sum[];
  wanted bigint;
  booked bigint;
BEGIN
  sums := ARRAY(
    SELECT ROW(account_id, router_id, payee_index, sum(cost_nanoton), sum(fee_nanoton))::usage_sum
    FROM added GROUP BY account_id, router_id, payee_index);
  UPDATE accounts a SET
      balance_nanoton = a.balance_nanoton - s.cost,
      leased_nanoton = a.leased_nanoton - s.cost
    FROM (SELECT account_id, sum(cost)::bigint AS cost FROM unnest(sums) GROUP BY 1) s
    WHERE a.id = s.account_id;
  GET DIAGNOSTICS booked = ROW_COUNT;
  SELECT count(DISTINCT account_id) INTO wanted FROM unnest(sums);
  IF booked <> wanted THEN
    RAISE EXCEPTION 'a charge to an account that does not exist'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  UPDATE leases l SET
      amount_nanoton = l.amount_nanoton - s.cost,
      version = nextval('lease_version')
    FROM (SELECT router_id, account_id, sum(cost)::bigint AS cost
          FROM unnest(sums) WHERE cost > 0 GROUP BY 1, 2) s
    WHERE l.router_id = s.router_id AND l.account_id = s.account_id;
  GET DIAGNOSTICS booked = ROW_COUNT;
  SELECT count(*) INTO wanted
    FROM (SELECT DISTINCT router_id, account_id FROM unnest(sums) WHERE cost > 0) d;
  IF booked <> wanted THEN
    RAISE EXCEPTION 'a charge without leased credit'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- Everybody who earns together with others takes the operator's row first, so none deadlock.
  PERFORM 1 FROM payees p WHERE p.index = 0 FOR NO KEY UPDATE;
  UPDATE payees p SET earned_nanoton = p.earned_nanoton + s.earned
    FROM (SELECT e.index, sum(e.earned)::bigint AS earned
          FROM (SELECT payee_index AS index, sum(cost - fee) AS earned
                FROM unnest(sums) WHERE payee_index IS NOT NULL GROUP BY 1
                UNION ALL
                SELECT 0, sum(fee) FROM unnest(sums) WHERE payee_index IS NOT NULL
                HAVING count(*) > 0) e
          GROUP BY 1) s
    WHERE p.index = s.index;
  GET DIAGNOSTICS booked = ROW_COUNT;
  SELECT count(*) INTO wanted
    FROM (SELECT payee_index FROM unnest(sums) WHERE payee_index IS NOT NULL
          UNION
          SELECT 0 FROM unnest(sums) WHERE payee_index IS NOT NULL) d;
  IF booked <> wanted THEN
    RAISE EXCEPTION 'a charge for a payee that does not exist'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION book_withdrawals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts a SET balance_nanoton = a.balance_nanoton - s.amount
    FROM (SELECT account_id, sum(amount_nanoton)::bigint AS amount FROM added GROUP BY 1) s
    WHERE a.id = s.account_id;
  UPDATE payees p SET earned_nanoton = p.earned_nanoton + s.amount
    FROM (SELECT payee_index, sum(amount_nanoton)::bigint AS amount
          FROM added WHERE kind = 'refund' GROUP BY 1) s
    WHERE p.index = s.payee_index;
  RETURN NULL;
END $$;
CREATE TRIGGER book AFTER INSERT ON withdrawals REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION book_withdrawals();

-- ------------------------------------------------------------------ functions of settlement

-- Adds to an account's balance, once for each reference; whether it was added now. The same
-- reference for something else is refused.
CREATE FUNCTION credit(account bigint, credit_kind text, credit_reference text, amount bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  added int;
BEGIN
  PERFORM 1 FROM accounts a WHERE a.id = account FOR NO KEY UPDATE;
  INSERT INTO deposits (account_id, kind, reference, amount_nanoton)
    VALUES (account, credit_kind, credit_reference, amount)
    ON CONFLICT (reference) DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added = 0 AND NOT EXISTS (
      SELECT 1 FROM deposits d WHERE d.reference = credit_reference AND d.account_id = account
        AND d.kind = credit_kind AND d.amount_nanoton = amount) THEN
    RAISE EXCEPTION 'deposit % was made already, of another amount, kind or account',
      credit_reference USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN added = 1;
END $$;

-- Takes from an account's balance, once for each reference; whether it was taken now. Refused where
-- the balance that is not leased to routers is smaller.
CREATE FUNCTION debit(account bigint, debit_kind text, debit_reference text, amount bigint,
                      payee int)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  spare bigint;
BEGIN
  SELECT a.balance_nanoton - a.leased_nanoton INTO STRICT spare
    FROM accounts a WHERE a.id = account FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM withdrawals w WHERE w.reference = debit_reference) THEN
    IF NOT EXISTS (
        SELECT 1 FROM withdrawals w WHERE w.reference = debit_reference AND w.account_id = account
          AND w.kind = debit_kind AND w.amount_nanoton = amount
          AND w.payee_index IS NOT DISTINCT FROM payee) THEN
      RAISE EXCEPTION 'withdrawal % was made already, of another amount, kind, account or payee',
        debit_reference USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN false;
  END IF;
  IF amount > spare THEN
    RAISE EXCEPTION 'account % has % nanoton to spare, not %', account, spare, amount
      USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO withdrawals (account_id, kind, reference, amount_nanoton, payee_index)
    VALUES (account, debit_kind, debit_reference, amount, payee);
  RETURN true;
END $$;

-- A debit of kind 'refund' to an address, which becomes a payee if it is none yet.
CREATE FUNCTION refund(account bigint, refund_reference text, amount bigint, payee_address bytea)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM accounts a WHERE a.id = account FOR NO KEY UPDATE; -- before the lock of payees
  RETURN debit(account, 'refund', refund_reference, amount, payee(payee_address, 'client'));
END $$;

-- ------------------------------------------------------------------ spools

-- Up to where a router's spool of charges is applied: a position in its bytes. Written in the
-- transaction that applies them. `clean` is true while the router is stopped and its spool empty:
-- then another folder may take its place.
CREATE TABLE spool_positions (
  router_id text PRIMARY KEY CHECK (octet_length(router_id) BETWEEN 1 AND 255),
  spool_id uuid NOT NULL,
  applied bigint NOT NULL CHECK (applied >= 0),
  clean boolean NOT NULL DEFAULT false
);

-- ------------------------------------------------------------------ charging

-- What the receipts of a batch share. Each receipt is made again from it and its row of usage, bit
-- for bit; the leaves of all are kept, also of charges that another router had made before.
CREATE TABLE receipt_batches (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  network_id int NOT NULL,
  contract bytea CHECK (octet_length(contract) = 32),
  router_key bytea NOT NULL CHECK (octet_length(router_key) = 32),
  signature bytea NOT NULL CHECK (octet_length(signature) = 64),
  leaves bytea NOT NULL CHECK (octet_length(leaves) % 32 = 0)
);
ALTER TABLE receipt_batches ALTER COLUMN leaves SET STORAGE EXTERNAL; -- hashes do not compress
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_batches
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE usage
  ALTER COLUMN receipt DROP NOT NULL,
  ADD COLUMN batch_id bigint,
  ADD COLUMN batch_index int CHECK (batch_index >= 0),
  ADD CHECK ((receipt IS NULL) = (batch_id IS NOT NULL AND batch_index IS NOT NULL
    AND prompt_price IS NOT NULL AND cached_prompt_price IS NOT NULL
    AND completion_price IS NOT NULL AND reasoning_price IS NOT NULL AND coefficient IS NOT NULL));

-- Charges that lie in a spool and are not booked: the same request was charged before ('charged
-- already'), or the books refuse it, which no router should ever bring about.
CREATE TABLE unbooked_charges (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  router_id text NOT NULL,
  request_id uuid NOT NULL,
  account_id bigint NOT NULL,
  cost_nanoton bigint NOT NULL,
  batch_id bigint NOT NULL,
  reason text NOT NULL,
  noted timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON unbooked_charges
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DROP FUNCTION charge(text, uuid[], bigint[], text[], bigint[], bigint[], bigint[], text[], bytea[],
                     timestamptz[]);

-- A router's spool is applied in batches: what lies between two positions, in one transaction, in
-- which the position moves too. So nothing is applied twice, and nothing is left out. There are two
-- ways to do it. The quick one is open_batch(), a COPY into usage, and leases_of(); it fails as a
-- whole where a request id is there already or a rule of the books is broken. Then the batch goes
-- through charge_batch(), which does the same a row at a time where it must: a request id that is
-- there already is left alone, whoever charged it, and a charge that breaks a rule is noted in
-- unbooked_charges and does not hold up the others.

-- Moves the position; locks the accounts; makes the batches and the payees that are new. Returns the
-- ids of the batches and the index of each payee (null: it has none, as it earns nothing yet).
--
-- The locks are taken in a statement of their own, in order: with FOR UPDATE inside the INSERT's
-- statement two writers lose updates (its snapshot is older than the lock), and without it they
-- deadlock. Each statement of a volatile function sees what was committed before that statement.
CREATE FUNCTION open_batch(
  router text, spool uuid, from_position bigint, to_position bigint,
  networks int[], contracts bytea[], router_keys bytea[], signatures bytea[], leaf_lists bytea[],
  account_ids bigint[], payee_list bytea[], payee_earns boolean[],
  OUT batch_ids bigint[], OUT payee_indexes int[])
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE spool_positions p SET applied = to_position
    WHERE p.router_id = router AND p.spool_id = spool AND p.applied = from_position;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'spool % of % is not applied up to %', spool, router, from_position
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM 1 FROM accounts a WHERE a.id = ANY (account_ids) ORDER BY a.id FOR NO KEY UPDATE;
  SELECT array_agg(nextval('receipt_batches_id_seq')) INTO batch_ids
    FROM generate_series(1, cardinality(networks));
  INSERT INTO receipt_batches (id, network_id, contract, router_key, signature, leaves)
    OVERRIDING SYSTEM VALUE
    SELECT batch_ids[b.n], b.w, nullif(b.c, ''), b.k, b.s, b.l
    FROM unnest(networks, contracts, router_keys, signatures, leaf_lists)
           WITH ORDINALITY AS b (w, c, k, s, l, n);
  PERFORM payee(l.address, 'worker')
    FROM (SELECT u.address
          FROM unnest(payee_list, payee_earns) WITH ORDINALITY AS u (address, earns, n)
          WHERE u.earns AND NOT EXISTS (SELECT 1 FROM payees e WHERE e.address = u.address)
          ORDER BY u.n) l;
  SELECT coalesce(array_agg(e.index ORDER BY l.n), '{}') INTO payee_indexes
    FROM unnest(payee_list) WITH ORDINALITY AS l (address, n)
    LEFT JOIN payees e ON e.address = l.address;
END $$;

-- What a router has leased of each of these accounts.
CREATE FUNCTION leases_of(router text, account_ids bigint[])
RETURNS TABLE (account bigint, lease bigint, lease_version bigint)
LANGUAGE sql STABLE AS $$
  SELECT d.a, coalesce(l.amount_nanoton, 0), coalesce(l.version, 0)
  FROM (SELECT DISTINCT unnest(account_ids)) AS d (a)
  LEFT JOIN leases l ON l.router_id = router AND l.account_id = d.a
$$;

CREATE FUNCTION charge_batch(
  router text, spool uuid, from_position bigint, to_position bigint,
  networks int[], contracts bytea[], router_keys bytea[], signatures bytea[], leaf_lists bytea[],
  payee_list bytea[],
  batch_nos int[], batch_indexes int[], requests uuid[], account_ids bigint[], key_ids bigint[],
  models text[], workers text[], prompts int[], cached int[], completions int[], reasonings int[],
  prompt_prices bigint[], cached_prices bigint[], completion_prices bigint[],
  reasoning_prices bigint[], coefficients int[], costs bigint[], fees bigint[], payee_nos int[],
  charged_millis bigint[])
RETURNS TABLE (account bigint, lease bigint, lease_version bigint)
LANGUAGE plpgsql AS $$
DECLARE
  total int := cardinality(requests);
  payee_earns boolean[];
  batch_ids bigint[];
  payee_indexes int[];
  first int := 1;
  step int := cardinality(requests);
  booked int := 0;
  added int;
BEGIN
  PERFORM 1 FROM accounts a WHERE a.id = ANY (account_ids) ORDER BY a.id FOR NO KEY UPDATE;
  -- Whoever earns here only by requests that were charged before does not become a payee.
  payee_earns := ARRAY(
    SELECT EXISTS (
        SELECT 1 FROM unnest(requests, account_ids, payee_nos, costs, fees) AS v (r, a, p, c, f)
        JOIN accounts x ON x.id = v.a
        WHERE v.p = g.n AND v.c > v.f
          AND NOT EXISTS (SELECT 1 FROM usage b WHERE b.request_id = v.r))
    FROM generate_series(1, cardinality(payee_list)) AS g (n) ORDER BY g.n);
  SELECT o.batch_ids, o.payee_indexes INTO batch_ids, payee_indexes
    FROM open_batch(router, spool, from_position, to_position, networks, contracts, router_keys,
                    signatures, leaf_lists, account_ids, payee_list, payee_earns) o;

  WHILE first <= total LOOP
    BEGIN
      INSERT INTO usage (
          request_id, account_id, router_id, model, prompt_tokens, completion_tokens,
          cost_nanoton, worker, charged_at, key_id, cached_prompt_tokens, reasoning_tokens,
          prompt_price, cached_prompt_price, completion_price, reasoning_price, coefficient,
          payee_index, fee_nanoton, batch_id, batch_index)
        SELECT u.r, u.a, router, u.m, u.p, u.c,
               u.cost, u.w, to_timestamp(u.t / 1000.0::float8), nullif(u.k, 0), u.h, u.o,
               u.pp, u.hp, u.cp, u.op, u.co,
               CASE WHEN u.payee > 0
                 THEN coalesce(payee_indexes[u.payee], CASE WHEN u.fee > 0 THEN 0 END) END,
               u.fee, batch_ids[u.bn], u.bi
        FROM unnest(requests, account_ids, models, prompts, completions, costs, workers,
                    charged_millis, key_ids, cached, reasonings, prompt_prices, cached_prices,
                    completion_prices, reasoning_prices, coefficients, payee_nos, fees, batch_nos,
                    batch_indexes) WITH ORDINALITY
               AS u (r, a, m, p, c, cost, w, t, k, h, o, pp, hp, cp, op, co, payee, fee, bn, bi, n)
        WHERE u.n BETWEEN first AND first + step - 1
        ON CONFLICT (request_id) DO NOTHING;
      GET DIAGNOSTICS added = ROW_COUNT;
      booked := booked + added;
      first := first + step;
      step := step * 2;
    EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
      IF step > 1 THEN -- fewer at a time, until the one is found
        step := step / 2;
      ELSE
        INSERT INTO unbooked_charges (router_id, request_id, account_id, cost_nanoton, batch_id,
                                      reason)
          VALUES (router, requests[first], account_ids[first], costs[first],
                  batch_ids[batch_nos[first]], SQLERRM);
        first := first + 1;
      END IF;
    END;
  END LOOP;

  IF booked < total THEN
    INSERT INTO unbooked_charges (router_id, request_id, account_id, cost_nanoton, batch_id,
                                  reason)
      SELECT router, u.r, u.a, u.c, batch_ids[u.bn],
             CASE WHEN b.account_id = u.a THEN 'charged already'
               ELSE 'the request id belongs to another account' END
      FROM unnest(requests, account_ids, costs, batch_nos, batch_indexes) AS u (r, a, c, bn, bi)
      JOIN usage b ON b.request_id = u.r
      WHERE b.batch_id IS DISTINCT FROM batch_ids[u.bn] OR b.batch_index <> u.bi;
  END IF;
  RETURN QUERY SELECT * FROM leases_of(router, account_ids);
END $$;

-- Leases up to half of what the balance still has, ahead of need, so that other routers find some.
CREATE FUNCTION lease_ahead(router text, account bigint, wanted bigint)
RETURNS TABLE (lease bigint, lease_version bigint, left_over bigint)
LANGUAGE plpgsql AS $$
DECLARE
  spare bigint;
BEGIN
  SELECT a.balance_nanoton - a.leased_nanoton INTO STRICT spare
    FROM accounts a WHERE a.id = account FOR NO KEY UPDATE;
  RETURN QUERY SELECT * FROM lease_credit(router, account, least(wanted, spare / 2));
END $$;

-- ------------------------------------------------------------------ audit

DROP FUNCTION audit();

-- Every rule of the books for everything that it is about, with both sides: in nanoTON, but for the
-- numbers of payees.
CREATE VIEW ledger_rules AS
  WITH
    deposited AS (SELECT account_id AS id, sum(amount_nanoton) AS n FROM deposits GROUP BY 1),
    used AS (SELECT account_id AS id, sum(cost_nanoton) AS n FROM usage GROUP BY 1),
    withdrawn AS (SELECT account_id AS id, sum(amount_nanoton) AS n FROM withdrawals GROUP BY 1),
    lent AS (SELECT account_id AS id, sum(amount_nanoton) AS n FROM leases GROUP BY 1),
    by_account AS (
      SELECT a.id, a.balance_nanoton AS balance, a.leased_nanoton AS leased,
             coalesce(d.n, 0) AS deposited, coalesce(u.n, 0) AS used,
             coalesce(w.n, 0) AS withdrawn, coalesce(l.n, 0) AS lent
      FROM accounts a
      LEFT JOIN deposited d USING (id)
      LEFT JOIN used u USING (id)
      LEFT JOIN withdrawn w USING (id)
      LEFT JOIN lent l USING (id)),
    earned AS (
      SELECT e.index, sum(e.n) AS n
      FROM (SELECT payee_index AS index, sum(cost_nanoton - fee_nanoton) AS n
            FROM usage WHERE payee_index IS NOT NULL GROUP BY 1
            UNION ALL
            SELECT 0, sum(fee_nanoton) FROM usage WHERE payee_index IS NOT NULL
            UNION ALL
            SELECT payee_index, sum(amount_nanoton)
            FROM withdrawals WHERE kind = 'refund' GROUP BY 1) e
      WHERE e.n IS NOT NULL
      GROUP BY 1),
    sides AS (
      SELECT 'deposits = balance + used + withdrawn' AS rule, 'account ' || id AS subject,
             deposited::numeric AS expected, (balance + used + withdrawn)::numeric AS actual,
             deposited = balance + used + withdrawn AS holds
        FROM by_account
      UNION ALL
      SELECT 'leased = sum of leases', 'account ' || id, leased, lent, leased = lent
        FROM by_account
      UNION ALL
      SELECT 'leased <= balance', 'account ' || id, balance, leased, leased <= balance
        FROM by_account
      UNION ALL
      SELECT 'usage belongs to an account', 'account ' || u.id, 0, u.n, false
        FROM used u WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = u.id)
      UNION ALL
      SELECT 'earned = charges + fees + refunds', 'payee ' || coalesce(p.index, e.index),
             coalesce(e.n, 0), coalesce(p.earned_nanoton, 0),
             coalesce(p.earned_nanoton, 0) = coalesce(e.n, 0)
        FROM payees p FULL JOIN earned e ON e.index = p.index
      UNION ALL
      SELECT 'settled charges + refunds = all earnings', 'payees',
             (SELECT coalesce(sum(cost_nanoton), 0) FROM usage WHERE payee_index IS NOT NULL)
             + (SELECT coalesce(sum(amount_nanoton), 0) FROM withdrawals WHERE kind = 'refund'),
             coalesce(sum(p.earned_nanoton), 0),
             (SELECT coalesce(sum(cost_nanoton), 0) FROM usage WHERE payee_index IS NOT NULL)
             + (SELECT coalesce(sum(amount_nanoton), 0) FROM withdrawals WHERE kind = 'refund')
             = coalesce(sum(p.earned_nanoton), 0)
        FROM payees p
      UNION ALL
      SELECT 'payees are numbered without a gap', 'payees', count(*), coalesce(max(p.index) + 1, 0),
             count(*) = coalesce(max(p.index) + 1, 0)
        FROM payees p
      UNION ALL
      SELECT 'every spooled charge is booked', 'request ' || u.request_id || ': ' || u.reason,
             u.cost_nanoton, 0, false
        FROM unbooked_charges u WHERE u.reason <> 'charged already')
  SELECT rule, subject, expected, actual, holds FROM sides;

-- The rules that do not hold; none, if the books agree.
CREATE FUNCTION audit()
RETURNS TABLE (rule text, subject text, expected numeric, actual numeric)
LANGUAGE sql STABLE AS $$
  SELECT r.rule, r.subject, r.expected, r.actual FROM ledger_rules r WHERE NOT r.holds
$$;
