package org.cocoon.link.evidence;

import static org.cocoon.link.evidence.TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED;
import static org.cocoon.link.evidence.TcbStatus.CONFIGURATION_NEEDED;
import static org.cocoon.link.evidence.TcbStatus.OUT_OF_DATE;
import static org.cocoon.link.evidence.TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED;
import static org.cocoon.link.evidence.TcbStatus.REVOKED;
import static org.cocoon.link.evidence.TcbStatus.SW_HARDENING_NEEDED;
import static org.cocoon.link.evidence.TcbStatus.TD_RELAUNCH_ADVISED;
import static org.cocoon.link.evidence.TcbStatus.TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
import static org.cocoon.link.evidence.TcbStatus.UP_TO_DATE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The tables of Intel's library, written out. */
final class TcbStatusTest {
  private static final List<TcbStatus> PUBLISHED =
      Arrays.stream(TcbStatus.values()).filter(TcbStatus::isPublished).toList();

  @Test
  void anOldComponentMakesThePlatformOutOfDate() {
    assertEquals(OUT_OF_DATE, UP_TO_DATE.mergedWith(OUT_OF_DATE));
    assertEquals(OUT_OF_DATE, SW_HARDENING_NEEDED.mergedWith(OUT_OF_DATE));
    assertEquals(OUT_OF_DATE_CONFIGURATION_NEEDED, CONFIGURATION_NEEDED.mergedWith(OUT_OF_DATE));
    assertEquals(
        OUT_OF_DATE_CONFIGURATION_NEEDED,
        CONFIGURATION_AND_SW_HARDENING_NEEDED.mergedWith(OUT_OF_DATE));
    assertEquals(OUT_OF_DATE, OUT_OF_DATE.mergedWith(OUT_OF_DATE));
  }

  @Test
  void mergingHasAnAnswerForAllAndMakesNothingBetter() {
    for (TcbStatus one : PUBLISHED) {
      assertEquals(one, one.mergedWith(UP_TO_DATE));
      assertEquals(REVOKED, one.mergedWith(REVOKED));
      for (TcbStatus other : PUBLISHED) {
        assertEquals(one.mergedWith(other), other.mergedWith(one));
      }
    }
  }

  @Test
  void relaunchIsAdvisedWhereOnlyTheLaunchWasOutOfDate() {
    assertEquals(TD_RELAUNCH_ADVISED, OUT_OF_DATE.atPresent(UP_TO_DATE));
    assertEquals(TD_RELAUNCH_ADVISED, OUT_OF_DATE.atPresent(SW_HARDENING_NEEDED));
    assertEquals(
        TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED, OUT_OF_DATE.atPresent(CONFIGURATION_NEEDED));
    assertEquals(
        TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
        OUT_OF_DATE_CONFIGURATION_NEEDED.atPresent(UP_TO_DATE));
    assertEquals(OUT_OF_DATE, OUT_OF_DATE.atPresent(OUT_OF_DATE_CONFIGURATION_NEEDED));
    assertEquals(UP_TO_DATE, UP_TO_DATE.atPresent(OUT_OF_DATE));
    assertEquals(REVOKED, REVOKED.atPresent(UP_TO_DATE));
    assertEquals(REVOKED, UP_TO_DATE.atPresent(REVOKED));
  }
}
