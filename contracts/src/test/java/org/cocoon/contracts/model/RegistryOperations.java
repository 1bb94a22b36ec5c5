package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.List;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Draw.Planned;

/** Random operations on the registry. */
final class RegistryOperations {
  private static final int CELL_BYTES = 127;
  private static final int MAX_CELLS = 160;

  private RegistryOperations() {}

  static Planned any(Draw draw) {
    ModelRegistry registry = draw.world.registry();
    TonAddress admin = draw.mostly(registry.admin);
    BigInteger value = draw.value(ModelRegistry.leastValue());
    Body body =
        switch (draw.random.nextInt(10)) {
          case 0, 1 -> new Body.Announce("{\"version\": %d}".formatted(draw.random.nextInt(99)));
          case 2 -> {
            value = BigInteger.valueOf(Draw.TON);
            int cells = MAX_CELLS + draw.random.nextInt(2);
            yield new Body.Announce("x".repeat(cells * CELL_BYTES));
          }
          case 3, 4 -> new Body.Apply();
          case 5 -> new Body.Cancel();
          case 6 -> new Body.Revoke("%02x".formatted(draw.random.nextInt(4)).repeat(32));
          case 7 -> new Body.Transfer(draw.world.wallet(draw.pick(List.of("heir", "admin"))));
          case 8 -> {
            admin = registry.candidate != null ? draw.mostly(registry.candidate) : admin;
            yield new Body.Accept();
          }
          default -> new Body.Treasury(amount(draw, registry));
        };
    return draw.planned(
        body.kind(),
        body instanceof Body.Apply ? draw.anyWallet() : admin,
        draw.world.registryAddress(),
        value,
        body);
  }

  private static BigInteger amount(Draw draw, ModelRegistry registry) {
    return draw.chance(0.2)
        ? BigInteger.valueOf(registry.treasury).add(BigInteger.ONE)
        : BigInteger.valueOf(draw.upTo(registry.treasury));
  }

  static Planned fine(Draw draw) {
    BigInteger value =
        draw.chance(0.3)
            ? draw.value(Fees.gas(Fees.REGISTRY) + 1)
            : BigInteger.valueOf(draw.upTo(draw.chance(0.1) ? Long.MAX_VALUE : 9 * Draw.TON));
    return draw.planned(
        "fine",
        draw.anyWallet(),
        draw.world.registryAddress(),
        value,
        new Body.Fine(BigInteger.valueOf(draw.upTo(Draw.TON))));
  }

  static Planned strange(Draw draw) {
    Body body =
        draw.chance(0.5)
            ? new Body.Empty()
            : new Body.Bits(new BigInteger(31, draw.random).setBit(30), 32);
    return draw.planned(
        "registry hears " + body.kind(),
        draw.anyWallet(),
        draw.world.registryAddress(),
        draw.value(10_000_000),
        body);
  }
}
