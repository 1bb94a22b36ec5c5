package org.cocoon.router.settlement;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What can be seen of a settlement from outside.
 *
 * <pre>
 *   settlement.transactions               booked from the chain
 *   settlement.messages.sent              by the operator's wallet
 *   settlement.messages.lost              that never arrived, and were built again
 *   settlement.messages.refused           that a contract refused
 *   settlement.chain.failures{kind}       rounds that the chain cut short
 *   settlement.operator.balance.nanoton   of the wallet, when it last sent
 *   settlement.operator.missing.nanoton   what it lacked then; above 0: send Toncoin
 *   settlement.halted                     1: nothing is sent any more, an operator must look
 *   settlement.epoch                      the newest on the chain
 *   settlement.unpaid.nanoton             committed, and not paid
 *   settlement.round.age.seconds          since the last whole round
 * </pre>
 *
 * <p>Any thread.
 */
final class SettlementMetrics {
  final Counter transactions;
  final Counter sent;
  final Counter lost;
  final Counter refused;
  final AtomicLong balance = new AtomicLong();
  final AtomicLong missing = new AtomicLong();
  final AtomicLong halted = new AtomicLong();
  final AtomicLong epoch = new AtomicLong();
  final AtomicLong unpaid = new AtomicLong();
  final AtomicLong lastRoundMillis = new AtomicLong(System.currentTimeMillis());
  private final MeterRegistry registry;

  SettlementMetrics(MeterRegistry registry) {
    this.registry = registry;
    transactions = registry.counter("settlement.transactions");
    sent = registry.counter("settlement.messages.sent");
    lost = registry.counter("settlement.messages.lost");
    refused = registry.counter("settlement.messages.refused");
    gauge("settlement.operator.balance.nanoton", balance);
    gauge("settlement.operator.missing.nanoton", missing);
    gauge("settlement.halted", halted);
    gauge("settlement.epoch", epoch);
    gauge("settlement.unpaid.nanoton", unpaid);
    Gauge.builder(
            "settlement.round.age.seconds",
            lastRoundMillis,
            last -> (System.currentTimeMillis() - last.get()) / 1000.0)
        .register(registry);
  }

  private void gauge(String name, AtomicLong value) {
    Gauge.builder(name, value, AtomicLong::get).register(registry);
  }

  /** A round ended early. */
  void failed(String kind) {
    registry.counter("settlement.chain.failures", "kind", kind).increment();
  }
}
