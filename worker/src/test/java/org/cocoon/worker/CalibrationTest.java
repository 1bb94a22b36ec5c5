package org.cocoon.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.worker.Calibration.Rate;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.NativeEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CalibrationTest {
  private static final List<Rate> RATES =
      List.of(new Rate(1, 100), new Rate(2, 180), new Rate(4, 250), new Rate(8, 260));

  @Test
  void measuresUpToTheEnginesSlots() throws Exception {
    Calibration calibration = new Calibration(System::nanoTime);
    try (NativeEngine engine =
        NativeEngine.open(
            FakeBackend.open(new FakeOptions("m", 6, 256, 256, 400, 0, 8)),
            EngineOptions.DEFAULTS,
            calibration)) {
      List<Rate> rates = calibration.measure(engine);
      assertEquals(List.of(1, 2, 4, 6), rates.stream().map(Rate::streams).toList());
      double alone = rates.getFirst().tokensPerSecond();
      assertTrue(alone > 100 && alone < 480, "400 tokens a second were measured as " + alone);
    }
  }

  @Test
  void proposesTheSlotsFromWhichOnMoreBringLittle() {
    assertEquals(4, Calibration.slots(RATES));
    assertEquals(1, Calibration.slots(List.of(new Rate(1, 100), new Rate(2, 101))));
  }

  @Test
  void proposesThePriceOfATargetAndRoundsItUp() {
    // 260 tokens/s are 0.936 million an hour, at 0.5 TON for each million 0.468 TON.
    assertEquals(2137, Calibration.coefficient(RATES, BigDecimal.ONE, new BigDecimal("0.5")));
    assertEquals(1, Calibration.coefficient(RATES, BigDecimal.ZERO, BigDecimal.ONE));
    assertEquals(1_000_000, Calibration.coefficient(RATES, new BigDecimal("9e9"), BigDecimal.ONE));
    assertTrue(
        Calibration.report(RATES, BigDecimal.ONE, new BigDecimal("0.5"))
            .contains("--coefficient 2137: 1 TON an hour when always busy, at 0.5 TON"));
  }
}
