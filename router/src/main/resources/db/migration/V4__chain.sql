-- The chain as this ledger has followed it, and what the operator signed and sent.
--
-- Everything that is booked from a transaction is booked in one database transaction with the
-- cursor of the account that it belongs to, which moves on from exactly the transaction before:
-- so each is booked once. What is signed is stored before it leaves: an epoch's commitment is never
-- changed or removed, and one message of the operator's wallet is open at a time.
--
-- Lock order: chain_cursor, then channels, then as V1 says: accounts, leases.

-- Where this ledger settles: one contract, for good (decision: one ledger, one operator).
CREATE TABLE settlement (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  network_id integer NOT NULL,
  address bytea NOT NULL CHECK (octet_length(address) = 32),
  registry bytea NOT NULL CHECK (octet_length(registry) = 32),
  owner bytea NOT NULL CHECK (octet_length(owner) = 32),
  router_key bytea NOT NULL CHECK (octet_length(router_key) = 32),
  delay_seconds bigint NOT NULL CHECK (delay_seconds BETWEEN 0 AND 4294967295),
  min_stake_nanoton bigint NOT NULL CHECK (min_stake_nanoton >= 0),
  fee_permille integer NOT NULL CHECK (fee_permille BETWEEN 0 AND 1000),
  voucher_margin_seconds bigint NOT NULL,
  max_voucher_seconds bigint NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
);

-- What the contract says, by the transactions up to its cursor.
CREATE TABLE settlement_books (
  single boolean PRIMARY KEY DEFAULT true CHECK (single) REFERENCES settlement,
  status smallint NOT NULL DEFAULT 0, -- as the contract's code has it
  stake_nanoton bigint NOT NULL DEFAULT 0 CHECK (stake_nanoton >= 0),
  open_channels bigint NOT NULL DEFAULT 0 CHECK (open_channels >= 0),
  collected_nanoton bigint NOT NULL DEFAULT 0 CHECK (collected_nanoton >= 0),
  paid_nanoton bigint NOT NULL DEFAULT 0
    CHECK (paid_nanoton >= 0 AND paid_nanoton <= collected_nanoton),
  epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  statement_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  committed_at bigint NOT NULL DEFAULT 0,
  clock_offset_seconds bigint NOT NULL DEFAULT 0, -- the chain's clock ahead of the database's
  halted text                                     -- why nothing is sent any more; null: all is well
);

-- The last transaction of each account that was booked, and what all of them did to its balance:
-- in - out - fees is what the chain must say that it has.
CREATE TABLE chain_cursor (
  address bytea PRIMARY KEY CHECK (octet_length(address) = 32),
  lt bigint NOT NULL DEFAULT 0 CHECK (lt >= 0),
  hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(hash) = 32),
  in_nanoton numeric NOT NULL DEFAULT 0,
  out_nanoton numeric NOT NULL DEFAULT 0,
  fees_nanoton numeric NOT NULL DEFAULT 0,
  transactions bigint NOT NULL DEFAULT 0
);

CREATE TABLE channels (
  account_id bigint PRIMARY KEY REFERENCES accounts,
  address bytea NOT NULL UNIQUE CHECK (octet_length(address) = 32),
  owner bytea NOT NULL CHECK (octet_length(owner) = 32),
  voucher_key bytea NOT NULL CHECK (octet_length(voucher_key) = 32),
  status smallint NOT NULL DEFAULT 0, -- as the contract's code has it
  deposited_nanoton bigint NOT NULL DEFAULT 0 CHECK (deposited_nanoton >= 0),
  claimed_nanoton bigint NOT NULL DEFAULT 0 CHECK (claimed_nanoton >= 0),
  withdrawn_nanoton bigint NOT NULL DEFAULT 0 CHECK (withdrawn_nanoton >= 0),
  pending_nanoton bigint NOT NULL DEFAULT 0 CHECK (pending_nanoton >= 0),
  unlock_at bigint NOT NULL DEFAULT 0,
  collected_nanoton bigint NOT NULL DEFAULT 0 CHECK (collected_nanoton >= 0), -- claims that arrived
  ceiling_nanoton bigint NOT NULL CHECK (ceiling_nanoton >= 0),
  voucher_expires bigint NOT NULL,
  voucher_signature bytea NOT NULL CHECK (octet_length(voucher_signature) = 64),
  released_nanoton bigint NOT NULL DEFAULT 0 CHECK (released_nanoton >= 0), -- withdrawn, with leave
  closing boolean NOT NULL DEFAULT false,                                   -- leave to close is asked
  credited_nanoton bigint NOT NULL DEFAULT 0 CHECK (credited_nanoton >= 0), -- deposits of this kind
  debited_nanoton bigint NOT NULL DEFAULT 0 CHECK (debited_nanoton >= 0),   -- withdrawals likewise
  made_at timestamptz NOT NULL DEFAULT now(),
  CHECK (claimed_nanoton + withdrawn_nanoton <= deposited_nanoton)
);

-- Few, beside what vouchers make.
CREATE INDEX deposits_not_of_channels ON deposits (account_id) WHERE kind <> 'channel';
CREATE INDEX withdrawals_not_of_channels ON withdrawals (account_id) WHERE kind <> 'channel';

-- A voucher only gets better.
CREATE FUNCTION refuse_worse_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a voucher that says less than the one before'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER only_better BEFORE UPDATE OF ceiling_nanoton, voucher_expires ON channels
  FOR EACH ROW WHEN (NEW.ceiling_nanoton < OLD.ceiling_nanoton
                     OR NEW.voucher_expires < OLD.voucher_expires)
  EXECUTE FUNCTION refuse_worse_voucher();

-- Leave to withdraw without waiting, from the request to its end.
CREATE TABLE releases (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES channels,
  closes boolean NOT NULL,
  amount_nanoton bigint NOT NULL CHECK (amount_nanoton >= 0),
  state text NOT NULL DEFAULT 'claiming'
    CHECK (state IN ('claiming', 'released', 'used', 'expired')),
  charged_nanoton bigint NOT NULL DEFAULT 0,
  withdrawn_nanoton bigint NOT NULL DEFAULT 0,
  expires bigint NOT NULL DEFAULT 0,
  signature bytea,
  asked_at timestamptz NOT NULL DEFAULT now(),
  CHECK (state <> 'released' OR signature IS NOT NULL)
);
CREATE UNIQUE INDEX one_release ON releases (account_id) WHERE state IN ('claiming', 'released');

-- Transfers with a comment, and what else the settlement contract collected from strangers. One that
-- named no account waits for an operator to assign it.
CREATE TABLE prepayments (
  lt bigint PRIMARY KEY,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  source bytea CHECK (octet_length(source) = 32),
  amount_nanoton bigint NOT NULL CHECK (amount_nanoton > 0),
  comment text NOT NULL,
  account_id bigint REFERENCES accounts,
  seconds bigint NOT NULL
);
CREATE INDEX prepayments_unassigned ON prepayments (lt) WHERE account_id IS NULL;

-- What was used before this ledger settled: nobody is owed for it on the chain.
CREATE TABLE used_before (
  account_id bigint PRIMARY KEY REFERENCES accounts,
  used_nanoton bigint NOT NULL
);

-- Claims that were asked for, by the epoch that they were for.
CREATE TABLE claims (
  account_id bigint NOT NULL REFERENCES channels,
  charged_nanoton bigint NOT NULL CHECK (charged_nanoton > 0),
  epoch bigint NOT NULL,
  outbox_id bigint NOT NULL,
  PRIMARY KEY (account_id, outbox_id)
);

-- Commitments: signed, stored, then posted, for ever the same.
CREATE TABLE epochs (
  number bigint PRIMARY KEY CHECK (number > 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  earned_nanoton bigint NOT NULL CHECK (earned_nanoton >= 0),
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  expires bigint NOT NULL,
  signature bytea NOT NULL CHECK (octet_length(signature) = 64),
  statement_hash bytea NOT NULL CHECK (octet_length(statement_hash) = 32),
  signed_at bigint NOT NULL,      -- the chain's seconds since 1970
  lt bigint,                      -- of the transaction that took it
  hash bytea,
  seconds bigint
);
CREATE FUNCTION refuse_second_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a commitment is never changed, nor taken back'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER one_word BEFORE UPDATE ON epochs
  FOR EACH ROW WHEN ((NEW.number, NEW.root, NEW.earned_nanoton, NEW.digest, NEW.expires,
                      NEW.signature, NEW.statement_hash, NEW.signed_at)
                     IS DISTINCT FROM
                     (OLD.number, OLD.root, OLD.earned_nanoton, OLD.digest, OLD.expires,
                      OLD.signature, OLD.statement_hash, OLD.signed_at))
  EXECUTE FUNCTION refuse_second_word();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON epochs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_second_word();

-- Leaves of the newest epoch on the chain and of the one that is to follow it.
CREATE TABLE epoch_leaves (
  epoch bigint NOT NULL REFERENCES epochs,
  payee_index integer NOT NULL CHECK (payee_index >= 0),
  address bytea NOT NULL CHECK (octet_length(address) = 32),
  earned_nanoton bigint NOT NULL CHECK (earned_nanoton >= 0),
  PRIMARY KEY (epoch, payee_index)
);

-- What the settlement contract paid, leaf by leaf.
CREATE TABLE payouts (
  lt bigint NOT NULL,
  payee_index integer NOT NULL CHECK (payee_index >= 0),
  address bytea NOT NULL CHECK (octet_length(address) = 32),
  epoch bigint NOT NULL,
  amount_nanoton bigint NOT NULL CHECK (amount_nanoton > 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  seconds bigint NOT NULL,
  PRIMARY KEY (lt, payee_index)
);
CREATE INDEX payouts_by_address ON payouts (address, lt);

-- Messages of the operator's wallet, written before they are sent.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purpose text NOT NULL CHECK (octet_length(purpose) BETWEEN 1 AND 255),
  wallet bytea NOT NULL CHECK (octet_length(wallet) = 32),
  boc bytea NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
  seqno bigint NOT NULL CHECK (seqno >= 0),
  valid_until bigint NOT NULL,
  messages integer NOT NULL,
  after_lt bigint NOT NULL,       -- of the wallet's newest transaction at that time
  state text NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'arrived', 'done', 'expired', 'superseded')),
  lt bigint,                      -- of the wallet's transaction
  made_at timestamptz NOT NULL DEFAULT now(),
  arrived_at bigint               -- the chain's seconds since 1970
);
CREATE UNIQUE INDEX one_message ON outbox (wallet) WHERE state IN ('open', 'arrived');

-- What the wallet sent for it, and what became of that where it went.
CREATE TABLE outbox_effects (
  hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- of the message
  outbox_id bigint REFERENCES outbox, -- null: seen where it went before it was seen to leave
  destination bytea NOT NULL CHECK (octet_length(destination) = 32),
  result text                     -- null: not seen yet; 'done', or how it was refused
);
CREATE INDEX outbox_effects_open ON outbox_effects (destination) WHERE result IS NULL;
