// Executes single messages on the real TVM for a test that has a model of the contracts.
//
// Each line of stdin is a request in JSON, each line of stdout its answer. Nothing is delivered on
// its own: what a contract sends waits under an id until it is delivered, doubled or dropped, so
// that whoever drives decides the order. Amounts are decimal strings, bytes hexadecimal.
//
//   {"do":"world", ...}              a new world; answers the addresses
//   {"do":"send", ...}               a message from outside; answers the transaction
//   {"do":"deliver","id":7}          one that waits; with "keep":true it stays there
//   {"do":"drop","id":7}             takes it away
//   {"do":"time","now":1800000000}   the time of the transactions that follow
//   {"do":"break","account":"..","frozen":true}, {"do":"heal","account":".."}
//   {"do":"paid","account":"..","from":0,"count":8}, {"do":"revoked","account":"..","hash":".."}
import './quick.ts';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Address, beginCell, Cell, type Message, type ShardAccount, type StateInit, toNano, type Transaction } from '@ton/core';
import { Blockchain, createShardAccount, Executor, type IExecutor, internal, TreasuryContract } from '@ton/sandbox';
import { built, compiled } from './compile.ts';
import { configOf } from '../tests/fixture.ts';
import { Channel, ChannelBody, OP, Registry, RegistryBody, Settlement, SettlementBody, snake } from '../wrappers/contracts.ts';
import type { Commitment } from '../wrappers/statements.ts';

type Json = any; // eslint-disable-line @typescript-eslint/no-explicit-any
type Kind = 'channel' | 'settlement' | 'registry' | 'wallet';

const code = process.env.COCOON_TOLK_SOURCES ? await compiled() : built();

// Writing code as a BoC takes ten times as long as running a get-method: it is kept. No get-method of
// ours asks for the balance, and those beyond 2^63 cannot be said.
const tvm = await Executor.create();
const written = new Map<string, Cell>();
function kept(cell: Cell): Cell {
    let known = written.get(hash(cell));
    if (!known) {
        const boc = cell.toBoc();
        known = Object.create(cell, { toBoc: { value: () => boc } }) as Cell;
        written.set(hash(cell), known);
    }
    return known;
}
const executor: IExecutor = {
    runGetMethod: (args) => tvm.runGetMethod({ ...args, balance: 0n, code: kept(args.code) }),
    runTickTock: (args) => tvm.runTickTock(args),
    runTransaction: (args) => tvm.runTransaction(args),
};
const bytes = (hex: string) => Buffer.from(hex, 'hex');
function hash(cell: Cell | null | undefined): string {
    return cell ? cell.hash().toString('hex') : '';
}
const big = (value: bigint) => BigInt(value).toString();
const hex256 = (value: bigint) => value.toString(16).padStart(64, '0');

function text(cell: Cell | null): string | null {
    if (!cell) return null;
    const parts: Buffer[] = [];
    for (let next: Cell | undefined = cell; next; next = next.refs[0]) {
        const slice = next.beginParse();
        parts.push(slice.loadBuffer(slice.remainingBits / 8));
    }
    return Buffer.concat(parts).toString('utf8');
}

const commitment = (c: Json): Commitment => ({
    epoch: BigInt(c.epoch),
    root: bytes(c.root),
    earned: BigInt(c.earned),
    digest: bytes(c.digest),
    expires: BigInt(c.expires),
});

/** The body with another query id in it. */
function asking(body: Cell, query: string): Cell {
    const slice = body.beginParse();
    const op = slice.loadUint(32);
    slice.skip(64);
    return beginCell().storeUint(op, 32).storeUint(BigInt(query), 64).storeSlice(slice).endCell();
}

/** Everything but comments and nonsense has a query id. */
function bodyOf(b: Json): Cell {
    if (b.kind === 'empty') return beginCell().endCell();
    if (b.kind === 'prepay') return SettlementBody.prepay(b.text);
    if (b.kind === 'bits') return beginCell().storeUint(BigInt(b.value), Number(b.bits)).endCell();
    return asking(plainBody(b), b.query);
}

function plainBody(b: Json): Cell {
    const amount = b.amount === undefined ? 0n : BigInt(b.amount);
    const owner = b.owner ? Address.parse(b.owner) : undefined;
    switch (b.kind) {
        case 'deposit': return ChannelBody.deposit(amount);
        case 'claim': return ChannelBody.claim(
            { charged: BigInt(b.charged), expires: BigInt(b.expires), signature: bytes(b.signature) },
            { ceiling: BigInt(b.ceiling), expires: BigInt(b.voucherExpires), signature: bytes(b.voucherSignature) },
        );
        case 'withdraw': return ChannelBody.withdraw(amount);
        case 'finish': return ChannelBody.finish();
        case 'release': return beginCell() // closes may be nonsense
            .storeUint(OP.release, 32).storeUint(0, 64)
            .storeUint(BigInt(b.charged), 64).storeUint(BigInt(b.withdrawn), 64)
            .storeUint(Number(b.closes), 8).storeUint(BigInt(b.expires), 64)
            .storeRef(beginCell().storeBuffer(bytes(b.signature)).endCell())
            .endCell();
        case 'routerClose': return ChannelBody.routerClose();
        case 'collect': return SettlementBody.collect(amount);
        case 'register': return SettlementBody.register(owner!, bytes(b.voucherKey));
        case 'unregister': return SettlementBody.unregister(owner!, bytes(b.voucherKey));
        case 'stake': return SettlementBody.stake(amount);
        case 'commit': return SettlementBody.commit(commitment(b.pledge), bytes(b.pledge.signature));
        case 'payout': return SettlementBody.payout(
            Number(b.index),
            Number(b.height),
            b.siblings.map((s: Json) => ({ hash: bytes(s.hash), sum: BigInt(s.sum) })),
            b.leaves.map((l: Json) => ({ payee: bytes(l.payee), earned: BigInt(l.earned) })),
        );
        case 'slash': return SettlementBody.slash(
            commitment(b.first), bytes(b.first.signature), commitment(b.second), bytes(b.second.signature),
        );
        case 'retire': return SettlementBody.retire();
        case 'unstake': return SettlementBody.unstake();
        case 'closeChannel': return SettlementBody.closeChannel(owner!, bytes(b.voucherKey));
        case 'sweep': return SettlementBody.sweep();
        case 'announce': return RegistryBody.announce(snake(b.text));
        case 'apply': return RegistryBody.apply();
        case 'cancel': return RegistryBody.cancel();
        case 'revoke': return RegistryBody.revoke(bytes(b.hash));
        case 'transfer': return RegistryBody.transfer(owner!);
        case 'accept': return RegistryBody.accept();
        case 'treasury': return RegistryBody.treasury(amount);
        case 'fine': return RegistryBody.fine(amount);
        default: throw new Error(`no body ${b.kind}`);
    }
}

const NAMES: Record<number, string> = Object.fromEntries(Object.entries(OP).map(([name, op]) => [op, name]));
const WITH_AMOUNT = new Set(['paidBack', 'collect', 'stakeBack', 'fine']);

/** What a contract sent, in words; of a bounced message what is left of it. */
function described(message: Message): Json {
    if (message.info.type !== 'internal') throw new Error('contracts send internal messages only');
    const { dest, src, value, bounce, bounced, forwardFee } = message.info;
    const body = message.body.beginParse();
    if (bounced) body.skip(32);
    const op = body.remainingBits >= 32 ? body.loadUint(32) : -1;
    const kind = op === -1 ? 'empty' : (NAMES[op] ?? `op ${op}`);
    const said: Json = {
        from: String(src.toRawString()), to: dest.toRawString(), value: big(value.coins), forwardFee: big(forwardFee), bounce, bounced, kind,
    };
    if (body.remainingBits >= 64) said.query = big(body.loadUintBig(64));
    if (WITH_AMOUNT.has(kind)) said.amount = big(body.loadCoins());
    if (kind === 'earned' && !bounced) said.epoch = big(body.loadUintBig(64));
    if ((kind === 'register' || kind === 'unregister') && !bounced) {
        said.owner = body.loadAddress().toRawString();
        said.voucherKey = body.loadBuffer(32).toString('hex');
    }
    return said;
}

class World {
    readonly waiting = new Map<number, Message>();
    readonly kinds = new Map<string, Kind>();
    readonly inits = new Map<string, StateInit>();
    private readonly views = new Map<string, { data: string; view: Json }>();
    readonly broken = new Map<string, ShardAccount>();
    private nextId = 0;

    private constructor(readonly chain: Blockchain) {}

    static async create(r: Json): Promise<{ world: World; answer: Json }> {
        const chain = await Blockchain.create({ executor, config: 'slim' });
        chain.setConfig(configOf(chain, Number(r.network)));
        chain.now = Number(r.now);
        const world = new World(chain);
        const wallet = async (name: string) => {
            const address = new Address(0, createHash('sha256').update(`wallet ${name}`).digest());
            const balance = toNano('1000');
            await chain.setShardAccount(address, createShardAccount({ address, code: TreasuryContract.code, data: beginCell().storeUint(0, 256).endCell(), balance }));
            world.kinds.set(address.toRawString(), 'wallet');
            return address;
        };
        const known = (kind: Kind, contract: { address: Address; init?: StateInit }) => {
            world.kinds.set(contract.address.toRawString(), kind);
            world.inits.set(contract.address.toRawString(), contract.init!);
            return contract.address;
        };
        const wallets: Record<string, string> = {};
        const of: Record<string, Address> = {};
        for (const name of r.wallets as string[]) {
            of[name] = await wallet(name);
            wallets[name] = of[name].toRawString();
        }
        const registry = known('registry', Registry.create(code.registry, of[r.admin], Number(r.delay), snake(r.document)));
        const routers = r.routers.map((router: Json) => {
            const settlement = known('settlement', Settlement.create(code.settlement, {
                registry, owner: of[router.owner], routerKey: bytes(router.key), delay: Number(r.delay), minStake: BigInt(r.minStake), channelCode: code.channel,
            }));
            const channels = r.clients.map((client: Json) => known('channel', Channel.create(code.channel, {
                settlement, owner: of[client.owner], voucherKey: bytes(client.key), routerKey: bytes(router.key), delay: Number(r.delay),
            })).toRawString());
            return { settlement: settlement.toRawString(), channels };
        });
        return { world, answer: { registry: registry.toRawString(), wallets, routers, walletBalance: big(toNano('1000')) } };
    }

    async send(r: Json): Promise<Json> {
        const to = Address.parse(r.to);
        const init = r.init ? this.inits.get(r.to) : undefined;
        return this.execute(internal({
            from: Address.parse(r.from), to, value: BigInt(r.value), bounce: r.bounce, body: bodyOf(r.body), stateInit: init,
        }));
    }

    async deliver(id: number, keep: boolean): Promise<Json> {
        const message = this.take(id);
        if (keep) this.waiting.set(id, message);
        return this.execute(message);
    }

    take(id: number): Message {
        const message = this.waiting.get(id);
        if (!message) throw new Error(`no message ${id} waits`);
        this.waiting.delete(id);
        return message;
    }

    private async execute(message: Message): Promise<Json> {
        if (message.info.type !== 'internal') throw new Error('not an internal message');
        const address = message.info.dest;
        const contract = await this.chain.getContract(address);
        (this.chain as unknown as { increaseLt(): void }).increaseLt();
        const before = contract.balance;
        const tx = await contract.receiveMessage(message);
        const out = [...tx.outMessages.values()].map((sent) => {
            const id = this.nextId++;
            this.waiting.set(id, sent);
            return { id, ...described(sent) };
        });
        return { ...phases(tx), before: big(before), after: big(contract.balance), out, state: await this.state(address) };
    }

    async state(address: Address): Promise<Json> {
        const contract = await this.chain.getContract(address);
        const state = contract.accountState;
        if (state?.type !== 'active') return { status: state?.type ?? 'none' };
        const kind = this.kinds.get(address.toRawString());
        const data = hash(state.state.data);
        const same = hash(state.state.code) === hash(kind === 'wallet' ? TreasuryContract.code : kind ? code[kind] : null);
        if (!kind || kind === 'wallet') return { status: 'active', data, same };
        // A get-method sees nothing but the data: of the same data it says the same.
        let known = this.views.get(address.toRawString());
        if (known?.data !== data) {
            known = { data, view: await this.view(kind, address) };
            this.views.set(address.toRawString(), known);
        }
        return { status: 'active', data, same, ...known.view };
    }

    private async view(kind: Kind, address: Address): Promise<Json> {
        if (kind === 'channel') {
            const c = await this.chain.openContract(new Channel(address)).getData();
            return {
                settlement: c.settlement.toRawString(), owner: c.owner.toRawString(), voucherKey: hex256(c.voucherKey), routerKey: hex256(c.routerKey),
                delay: c.delay, phase: c.status, deposited: big(c.deposited), claimed: big(c.claimed), withdrawn: big(c.withdrawn), pending: big(c.pending), unlockAt: c.unlockAt,
            };
        }
        if (kind === 'settlement') {
            const s = await this.chain.openContract(new Settlement(address)).getData();
            return {
                registry: s.registry.toRawString(), owner: s.owner.toRawString(), routerKey: hex256(s.routerKey), delay: s.delay, minStake: big(s.minStake),
                phase: s.status, stake: big(s.stake), openChannels: s.openChannels, collected: big(s.collected), paid: big(s.paid), epoch: big(s.epoch),
                root: hex256(s.root), earned: big(s.earned), committedAt: s.committedAt, statementHash: hex256(s.statementHash),
            };
        }
        const registry = this.chain.openContract(new Registry(address));
        const r = await registry.getData();
        return {
            admin: r.admin.toRawString(), candidate: r.candidate?.toRawString() ?? null, delay: Number(r.delay), version: r.version, treasury: big(r.treasury),
            activatesAt: r.activatesAt, document: text(r.document), pending: text(r.pending),
        };
    }

    async paid(r: Json): Promise<Json> {
        const settlement = this.chain.openContract(new Settlement(Address.parse(r.account)));
        const entries = [];
        for (let i = Number(r.from), end = i + Number(r.count); i < end; i++) {
            const { payee, paid } = await settlement.getPaid(i);
            entries.push({ payee: payee.toString(16).padStart(40, '0'), paid: big(paid) });
        }
        return { entries };
    }

    async revoked(r: Json): Promise<Json> {
        const registry = this.chain.openContract(new Registry(Address.parse(r.account)));
        return { revoked: await registry.getRevoked(bytes(r.hash)) };
    }

    /** Takes code and data away, as when a contract is deleted or frozen for debt, but keeps the balance. */
    async break(r: Json): Promise<Json> {
        const contract = await this.chain.getContract(Address.parse(r.account));
        const shard = contract.account;
        this.broken.set(r.account, shard);
        const state = r.frozen ? { type: 'frozen' as const, stateHash: 1n } : { type: 'uninit' as const };
        contract.account = { ...shard, account: { ...shard.account!, storage: { ...shard.account!.storage, state } } };
        return {};
    }

    /** Gives them back; balance and times stay as they are. An account that ended without a coin has none. */
    async heal(r: Json): Promise<Json> {
        const contract = await this.chain.getContract(Address.parse(r.account));
        const before = this.broken.get(r.account)!;
        const old = before.account!;
        this.broken.delete(r.account);
        const shard = contract.account.account ? contract.account : before;
        const storage = contract.account.account?.storage ?? { ...old.storage, balance: { coins: 0n } };
        contract.account = { ...shard, account: { ...shard.account!, storage: { ...storage, state: old.storage.state } } };
        return {};
    }
}

function phases(tx: Transaction): Json {
    const d = tx.description;
    if (d.type !== 'generic') throw new Error(`a ${d.type} transaction`);
    const compute = d.computePhase;
    const action = d.actionPhase;
    const bounce = d.bouncePhase;
    return {
        skipped: compute.type === 'skipped' ? compute.reason : null,
        exit: compute.type === 'vm' ? compute.exitCode : 0,
        aborted: d.aborted,
        actionExit: action ? action.resultCode : 0,
        skippedActions: action ? action.skippedActions : 0,
        gasFee: big(compute.type === 'vm' ? compute.gasFees : 0n),
        storageFee: big(d.storagePhase?.storageFeesCollected ?? 0n),
        dueFee: big(d.creditPhase?.dueFeesCollected ?? 0n),
        sendFees: big(action?.totalFwdFees ?? 0n),
        bounce: bounce?.type ?? null,
        bounceFees: big(bounce?.type === 'ok' ? bounce.messageFees + bounce.forwardFees : 0n),
        fees: big(tx.totalFees.coins),
    };
}

let world: World | undefined;

async function answer(r: Json): Promise<Json> {
    if (r.do === 'world') {
        const made = await World.create(r);
        world = made.world;
        return made.answer;
    }
    if (!world) throw new Error('no world yet');
    switch (r.do) {
        case 'send': return world.send(r);
        case 'deliver': return world.deliver(Number(r.id), r.keep ?? false);
        case 'drop': world.take(Number(r.id)); return {};
        case 'time': world.chain.now = Number(r.now); return {};
        case 'break': return world.break(r);
        case 'heal': return world.heal(r);
        case 'paid': return world.paid(r);
        case 'revoked': return world.revoked(r);
        default: throw new Error(`no request ${r.do}`);
    }
}

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
    let said: Json;
    try {
        said = await answer(JSON.parse(line));
    } catch (e) {
        said = { error: e instanceof Error ? (e.stack ?? e.message) : String(e) };
    }
    process.stdout.write(JSON.stringify(said) + '\n');
}
